import { basename, dirname, join, posix } from 'node:path';
import type { CsvTable } from '../util/csv.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import type { DatasetKind, Split } from './clip.js';
import { namesNoSplits } from './columnMeanings.js';
import type { FileMatcher } from './fileMatcher.js';
import { safeFileName } from './fileName.js';
import type { FoundTable, UnusedTable } from './findTables.js';
import { isFsd50kMetadata, isFsd50kTruth } from './fsd50k.js';
import { partsOfWords } from './partWords.js';
import { passFormat } from './passFormat.js';
import { plainFold } from './plainFold.js';
import { readTable } from './readTable.js';

/** A table with the recording that each row means. */
export interface MatchedTable extends FoundTable {
  table: CsvTable;
  /** The column that names the recordings. */
  file: string;
  /** Of each row: the name as given, made safe, and the recordings that it may mean. */
  names: string[];
  matches: string[][];
  numMatched: number;
}

/** A table that only says which part its recordings belong to: `test.csv`, or `fold1_train.csv` of DCASE. */
export interface PartTable extends MatchedTable {
  split: Split;
  /** Of `fold1_train.csv`: 1. */
  fold?: string;
}

export interface ChosenTables {
  /** The table of the clips; absent where only part tables are there. */
  main?: MatchedTable;
  parts: PartTable[];
  unused: UnusedTable[];
}

/**
 * The table that says most about the recordings: `labels.csv` in the folder, else one with labels before one without, then the one least
 * deep; and the tables named like splits beside it. Throws UsageError where two are as good, or where the csv asked for names nothing.
 */
export async function chooseTable({
  dir,
  shownDir,
  files,
  tables,
  matcher,
  format,
}: {
  dir: string;
  shownDir: string;
  files: readonly string[];
  tables: readonly FoundTable[];
  matcher: FileMatcher;
  format: 'auto' | DatasetKind;
}): Promise<ChosenTables> {
  const unused: UnusedTable[] = [];
  const read: MatchedTable[] = [];
  const isFsd50k = tables.some(({ path }) => isFsd50kTruth(path));
  for (const found of tables) {
    if (isFsd50k && isFsd50kMetadata(found.path)) {
      unused.push({ path: found.path, reason: 'FSD50K.ground_truth says what its clips are' });
      continue;
    }
    try {
      const matched = await matchTable(dir, found, matcher);
      const isWanted = found.path === 'labels.csv' || (format === 'csv' && tables.length === 1);
      if (isWanted && matched.names.length === 0)
        throw new AudiosslError(`loadDataset: ${join(dir, found.path)} must have a row a clip, got the header alone`);
      if (files.length === 0 || matched.numMatched > 0) read.push(matched);
      else if (isWanted)
        throw new UsageError(
          `loadDataset: ${join(dir, found.path)}: ${namesNothing(matched, matcher, files)}; mend the names, or ${format === 'csv' ? 'put it into the folder of its recordings' : passFormat('unlabelled')}`,
        );
      else unused.push({ path: found.path, reason: namesNothing(matched, matcher, files) });
    } catch (error) {
      if ((tables.length === 1 && !/\.txt$/i.test(found.path)) || found.path === 'labels.csv') throw error;
      unused.push({ path: found.path, reason: errorText(error) });
    }
  }
  const partOf = partTables(read);
  const mains = read.filter((table) => !partOf.has(table) && (format === 'csv' || isForAll(table, files, unused)));
  const main = pickMain(mains, shownDir, unused);
  const parts = [...partOf].map(([table, part]) => ({ ...table, ...part }));
  if (main === undefined || (main.columns.split === undefined && main.columns.fold === undefined)) return { main, parts, unused };
  unused.push(...parts.map(({ path }) => ({ path, reason: `splits and folds are read from ${main.path}` })));
  return { main, parts: [], unused };
}

async function matchTable(dir: string, found: FoundTable, matcher: FileMatcher): Promise<MatchedTable> {
  const path = join(dir, found.path);
  const table = await readTable(path, { columns: found.given });
  const columns = { ...found.columns };
  if (columns.split !== undefined && namesNoSplits(table, columns.split)) columns.split = undefined;
  const { fold, split, label } = columns;
  let best: MatchedTable | undefined;
  let firstError: unknown;
  for (const file of found.columns.file) {
    try {
      const names = table.rows.map((row, i) => nameInFolder(row[file], dir, found.path, `${path}: row ${i + 1}`));
      const matches = table.rows.map((row, i) => {
        const inFold = fold && plainFold(row[fold]);
        const hints = [inFold && `fold${inFold}`, inFold, split && row[split], label && row[label]];
        return ownFirst(
          matcher.find(
            names[i],
            hints.flatMap((hint) => hint?.toLowerCase() || []),
          ),
          found.path,
          names[i],
        );
      });
      const numMatched = matches.filter((list) => list.length > 0).length;
      if (best === undefined || numMatched > best.numMatched) best = { ...found, columns, table, file, names, matches, numMatched };
    } catch (error) {
      firstError ??= error;
    }
  }
  if (best === undefined) throw firstError;
  return best;
}

/** Names may be given from the data folder on, from the table's folder on when they climb, or as absolute paths into the data folder. */
function nameInFolder(name: string, dir: string, tablePath: string, where: string): string {
  const plain = name.replaceAll('\\', '/');
  if (plain.startsWith(`${dir}/`)) return safeFileName(plain.slice(dir.length + 1), where);
  if (plain.startsWith('../') && dirname(tablePath) !== '.') {
    const climbed = posix.normalize(posix.join(dirname(tablePath), plain));
    if (!climbed.startsWith('../')) return climbed;
  }
  return safeFileName(name, where);
}

/** Of several recordings of a name the one beside the table. */
function ownFirst(found: string[], tablePath: string, name: string): string[] {
  if (found.length < 2) return found;
  const own = posix.join(dirname(tablePath), name);
  return found.includes(own) ? [own] : found;
}

function namesNothing({ names }: MatchedTable, matcher: FileMatcher, files: readonly string[]): string {
  if (names.length === 0) return 'it has no rows';
  const similar = names.flatMap((name) => matcher.findByCase(name) ?? []);
  const hint = similar.length > 0 ? `; ${similar[0]} differs only by case` : `, a recording is ${files[0]}`;
  return `none of its ${names.length} names is that of a recording, the first is ${names[0]}${hint}`;
}

/** Tables named like splits, or of one name in folders that are, where each of their kind is. */
function partTables(tables: readonly MatchedTable[]): Map<MatchedTable, { split: Split; fold?: string }> {
  const nameOf = ({ path }: MatchedTable) => {
    const name = basename(path);
    const isAlone = tables.every((other) => other.path === path || basename(other.path) !== name);
    return isAlone || dirname(path) === '.' ? name.replace(/\.[^.]*$/, '') : basename(dirname(path));
  };
  const parsed = tables.flatMap((table) => {
    const stem = nameOf(table).toLowerCase();
    const [, , fold, word] = /^((?:fold|split)?[_-]?(\d+)[_-])?([a-z_. -]+)$/.exec(stem) ?? [];
    return word === undefined ? [] : [{ table, fold: fold?.replace(/^0+(?=\d)/, ''), word }];
  });
  const meant = partsOfWords(new Set(parsed.map(({ word }) => word)));
  return new Map(
    parsed.flatMap(({ table, fold, word }) => {
      // Lists of one fold: `test` names the recordings without their labels, `evaluate` the same ones with them.
      const part = fold !== undefined && /^eval/.test(word) ? { split: 'test' as const } : meant.get(word);
      return part === undefined || part === 'unlabelled' || 'fold' in part ? [] : [[table, { split: part.split, fold }] as const];
    }),
  );
}

/** A table deeper down may be of a part of the folder: it must name half of the recordings to speak for all. */
function isForAll({ path, numMatched }: MatchedTable, files: readonly string[], unused: UnusedTable[]): boolean {
  if (!path.includes('/') || numMatched >= files.length / 2) return true;
  unused.push({
    path,
    reason: `it names ${numMatched} of the ${files.length} recordings; ${passFormat('csv')} to use these alone, or its own folder as the data`,
  });
  return false;
}

function pickMain(mains: readonly MatchedTable[], shownDir: string, unused: UnusedTable[]): MatchedTable | undefined {
  let best = mains.filter(({ path }) => path === 'labels.csv');
  if (best.length === 0) {
    const says = ({ columns: { label, split, fold, group } }: MatchedTable) =>
      label !== undefined ? 2 : (split ?? fold ?? group) !== undefined ? 1 : 0;
    const most = Math.max(...mains.map(says));
    best = mains.filter((table) => says(table) === most);
    const depth = ({ path }: MatchedTable) => path.split('/').length;
    const least = Math.min(...best.map(depth));
    best = best.filter((table) => depth(table) === least);
  }
  if (best.length > 1) {
    throw new UsageError(
      `loadDataset: ${shownDir} must hold one csv that names the recordings, got ${best.map(({ path }) => path).join(', ')}; call the right one labels.csv`,
    );
  }
  const [main] = best;
  unused.push(...mains.filter((table) => table !== main).map(({ path }) => ({ path, reason: `labels are read from ${main.path}` })));
  return main;
}
