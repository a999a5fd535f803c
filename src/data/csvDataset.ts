import { join } from 'node:path';
import { AudiosslError } from '../util/errors.js';
import type { MatchedTable, PartTable } from './chooseTable.js';
import { type Clip, type Dataset, indexLabels } from './clip.js';
import { partByFolder, partReader } from './csvParts.js';
import type { FileMatcher } from './fileMatcher.js';
import { folderLayout } from './folderLayout.js';
import { isFsd50kTruth } from './fsd50k.js';
import { applyPartTables } from './partTables.js';
import { refuseMultiLabel } from './refuseMultiLabel.js';

/**
 * Recordings and a table that names them with, where known, label, split, fold and group; tables named like splits say to which split
 * their recordings belong. Where no table has labels, or splits, and the recordings lie in folders of their classes, or splits, these say so.
 */
export function loadCsvDataset({
  dir,
  main,
  parts,
  files,
  matcher,
}: {
  dir: string;
  main?: MatchedTable;
  parts: readonly PartTable[];
  files: string[];
  matcher: FileMatcher;
}): Dataset {
  const tables = main === undefined ? parts : [main];
  const isFsd50k = tables.some(({ path }) => isFsd50kTruth(path));
  const notes: string[] = [];
  const byId = new Map<string, Clip>();
  for (const source of tables) {
    const { table, path } = source;
    const file = join(dir, path);
    if (table.rows.length === 0) throw new AudiosslError(`loadDataset: ${file} must have a row a clip, got the header alone`);
    if (!isFsd50k) refuseMultiLabel({ table, file, fileColumn: source.file, labelColumn: source.columns.label });
    const prefix = prefixOf(source, files);
    const readPart = partReader(source, file);
    const seen = new Set<string>();
    for (const [i, row] of table.rows.entries()) {
      const found = source.matches[i];
      if (found.length > 1) {
        throw new AudiosslError(
          `loadDataset: ${file}: row ${i + 1}: "${source.names[i]}" may be ${found.slice(0, 3).join(' or ')}; name each recording from the data folder on`,
        );
      }
      const id = found[0] ?? `${prefix}${source.names[i]}`;
      if (seen.has(id)) throw new AudiosslError(`loadDataset: ${file} must name each clip once, got ${id} twice; delete one row`);
      seen.add(id);
      const { label, group } = source.columns;
      const clip: Clip = byId.get(id) ?? { id, path: join(dir, id) };
      if (label !== undefined && row[label] !== '' && !isFsd50k) clip.label = row[label];
      Object.assign(clip, readPart(row, i));
      if (group !== undefined && row[group] !== '') clip.group = row[group];
      byId.set(id, clip);
    }
  }
  const clips = [...byId.values()];
  applyPartTables(clips, parts, notes);
  const onDisk = new Set(files);
  const from = tables.map(({ path }) => path).join(', ');
  if (!clips.some(({ split, fold }) => (split ?? fold) !== undefined)) partByFolder(clips, onDisk, from, notes);
  const hasFolderLabels = !isFsd50k && labelByFolder(clips, onDisk);
  const classNames = indexLabels(clips);
  const isMetadataOnly = !clips.some(({ id }) => onDisk.has(id));
  const missing = isMetadataOnly ? [] : clips.flatMap(({ id }) => (onDisk.has(id) ? [] : id));
  const unlisted = files.filter((name) => !byId.has(name));

  notes.unshift(`read as csv: ${clips.length} rows of ${from}, ${classNames.length} classes${describeColumns(tables)}`);
  if (hasFolderLabels) notes.push(`${from} has no labels: the folders of the recordings are taken as classes`);
  if (isFsd50k) notes.push('FSD50K names several labels a clip, one is supported: the clips are used without labels');
  const ignored = [...new Set(tables.flatMap(({ table, columns, file }) => unusedColumns(table.columns, { ...columns, file: [file] })))];
  if (ignored.length > 0) notes.push(`columns not used: ${ignored.join(', ')}`);
  const numUnlabelled = clips.filter((clip) => clip.label === undefined).length;
  if (classNames.length > 0 && numUnlabelled > 0) notes.push(`${numUnlabelled} rows have no label`);
  if (isMetadataOnly) notes.push(`metadata only: none of the files that ${from} names is in ${dir}, the first is ${clips[0]?.id}`);
  if (missing.length > 0) {
    const similar = missing.flatMap((id) => matcher.findByCase(id) ?? []);
    const hint = similar.length > 0 ? `; ${similar.length} differ only by case, as ${similar[0]}` : '';
    notes.push(`${missing.length} csv rows have no file, the first is ${missing[0]}${hint}`);
  }
  if (unlisted.length > 0) notes.push(`${unlisted.length} files are in no csv row and are left out, the first is ${unlisted[0]}`);
  return { dir, kind: 'csv', clips, classNames, notes, missing, unlisted, isMetadataOnly };
}

/** What stands before a name in the paths of most recordings, for names that no recording has. */
function prefixOf({ names, matches }: MatchedTable, files: readonly string[]): string {
  const counts = new Map<string, number>();
  matches.forEach(([path], i) => {
    const prefix = path?.endsWith(names[i]) ? path.slice(0, path.length - names[i].length) : undefined;
    if (prefix !== undefined) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  });
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? (files.some((file) => file.startsWith('audio/')) ? 'audio/' : '');
}

/** Gives clips the folders' names as labels where no table has labels and every recording lies in a folder of its class. */
function labelByFolder(clips: readonly Clip[], onDisk: ReadonlySet<string>): boolean {
  if (clips.some(({ label }) => label !== undefined)) return false;
  const present = clips.filter(({ id }) => onDisk.has(id));
  const { prefix, parts, strangers, hasClasses } = folderLayout(present.map(({ id }) => id));
  if (!hasClasses || strangers.length > 0) return false;
  for (const clip of present) {
    const rest = clip.id.split('/').slice(prefix.length);
    const part = parts.get(rest[0]);
    if (part !== 'unlabelled') clip.label = rest[part === undefined ? 0 : 1].trim();
  }
  return true;
}

function unusedColumns(all: readonly string[], { file, label, split, fold, group }: MatchedTable['columns']): string[] {
  const used = new Set([...file, label, split, fold, group]);
  return all.filter((name) => !used.has(name));
}

/** `; names from slice_file_name, labels from class`: columns that are called otherwise than here. */
function describeColumns(tables: readonly MatchedTable[]): string {
  const [{ file, columns }] = tables;
  const told: [string, string | undefined, string][] = [
    ['names', file, 'fname'],
    ['labels', columns.label, 'label'],
    ['splits', columns.split, 'split'],
    ['groups', columns.group, 'group'],
  ];
  return told
    .flatMap(([what, column, usual]) => (column === undefined || column.toLowerCase() === usual ? [] : `; ${what} from ${column}`))
    .join('');
}
