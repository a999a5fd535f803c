import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errorText, UsageError } from '../util/errors.js';
import { isModuleName, resolveModule } from '../util/userModule.js';
import { describeOtherFiles, isAudioName } from './audioFiles.js';
import { chooseTable } from './chooseTable.js';
import type { Dataset, DatasetKind } from './clip.js';
import { loadCsvDataset } from './csvDataset.js';
import { createFileMatcher } from './fileMatcher.js';
import { findTables, type UnusedTable } from './findTables.js';
import { loadFolderDataset } from './folderDataset.js';
import { findFsdnoisy18kMeta, loadFsdnoisy18k } from './fsdnoisy18k.js';
import { loadModuleDataset, type ModuleDataset } from './moduleDataset.js';
import { describeSimilarLabels, similarLabels } from './similarLabels.js';
import { isTableName } from './tableName.js';
import { walkFolder } from './walkFolder.js';

/** The layout of a folder: its name, or a module that lists the clips, as a path from where the program runs or as a config keeps it. */
export type DatasetFormat = 'auto' | DatasetKind | ModuleDataset | `${string}.mjs` | `${string}.js`;

/**
 * Reads what a data folder says about its clips; no audio is opened.
 * Layouts: FSDnoisy18k (its four folders, or its two csv files alone), a table that names the recordings (ESC-50, UrbanSound8K, FSD50K,
 * DCASE and one's own), one folder a class, folders that are splits or folds, or recordings without labels. `format: 'auto'` looks at
 * what is there; `notes[0]` says what was chosen, and other notes name each table that was not read, with the reason.
 * A module of the user's own (`defineDataset`) may list the clips instead. A table (.csv, .tsv) in place of the folder is one that lies in it:
 * the recordings that it names, with what it says of them, and no others.
 * Throws UsageError where the folder or the layout asked for is not there, AudiosslError for a csv that makes no sense.
 *
 * @example
 * ```ts
 * import { loadDataset } from 'audiossl';
 * const { clips } = await loadDataset('data/esc10');
 * [clips.length, new Set(clips.map(({ label }) => label)).size]; // => [398, 10]
 * ```
 */
export async function loadDataset(dir: string, { format = 'auto' }: { format?: DatasetFormat } = {}): Promise<Dataset> {
  const given = resolve(dir);
  const info = await stat(given).catch(() => undefined);
  const isTable = info?.isFile() === true && isTableName(given);
  if (!info?.isDirectory() && !isTable)
    throw new UsageError(
      `loadDataset: ${dir} must be a folder of recordings, or a table in one, ${info ? 'it is another file' : 'it does not exist'}`,
    );
  const root = isTable ? dirname(given) : given;
  const listing = await walkFolder(root).catch((error: unknown) => {
    throw new UsageError(`loadDataset: ${isTable ? root : dir} must be a folder that may be read: ${errorText(error)}`);
  });
  const { dataset, unused } = isTable
    ? await readTableAlone(given, dir, listing.files, format)
    : await readLayout(root, dir, listing.files, moduleOf(format));
  const similar = similarLabels(dataset.classNames);
  const others = describeOtherFiles(listing.files.filter((file) => !isReadMe(file)));
  dataset.notes.push(
    ...(others === undefined ? [] : [others]),
    ...describeSimilarLabels(similar, dataset.clips),
    ...unused.map(({ path, reason }) => `${path} is not used: ${reason}`),
    ...listing.unreadable.map(({ path, reason }) => `the folder ${path} may not be read, its recordings are left out: ${reason}`),
  );
  return { ...dataset, similarLabels: similar, unreadableFolders: listing.unreadable };
}

/** Tables are told of by name; what describes a data set is no news. */
const isReadMe = (file: string) => /\.(csv|tsv|md|txt|pdf|html?|json|ya?ml|xml)$|(^|\/)(LICEN[CS]E|README|COPYING)$/i.test(file);

function moduleOf(format: DatasetFormat): 'auto' | DatasetKind | ModuleDataset {
  return (isModuleName(format) ? resolveModule({ name: format }, process.cwd()) : format) as 'auto' | DatasetKind | ModuleDataset;
}

/** The clips of one table, whatever else lies in its folder. */
async function readTableAlone(
  path: string,
  shown: string,
  all: readonly string[],
  format: DatasetFormat,
): Promise<{ dataset: Dataset; unused: UnusedTable[] }> {
  if (format !== 'auto' && format !== 'csv')
    throw new UsageError(
      `loadDataset: the table ${shown} is read as csv, got the format ${describeFormat(format)}; leave it out, or pass the folder`,
    );
  const own = basename(path);
  const read = await readLayout(
    dirname(path),
    shown,
    all.filter((file) => file === own || isAudioName(file)),
    'csv',
  );
  if (read.dataset.isMetadataOnly)
    throw new UsageError(`loadDataset: ${shown} names no recording below ${dirname(path)}; put it into the folder of its recordings`);
  return read;
}

const describeFormat = (format: DatasetFormat) => (typeof format === 'object' ? 'of a module' : format);

async function readLayout(
  root: string,
  dir: string,
  all: readonly string[],
  format: 'auto' | DatasetKind | ModuleDataset,
): Promise<{ dataset: Dataset; unused: UnusedTable[] }> {
  const files = all.filter(isAudioName);
  if (typeof format === 'object') return { dataset: await loadModuleDataset({ dir: root, files, module: format }), unused: [] };
  const meta = format === 'auto' || format === 'fsdnoisy18k' ? await findFsdnoisy18kMeta(root) : undefined;
  if (format === 'fsdnoisy18k' && meta === undefined) {
    throw new UsageError(
      `loadDataset: ${dir} must hold FSDnoisy18k.meta/train.csv and test.csv to be read as fsdnoisy18k; pass the folder that holds the four FSDnoisy18k folders`,
    );
  }
  if (meta !== undefined) return { dataset: await loadFsdnoisy18k({ dir: root, metaDir: meta, files }), unused: [] };
  const { tables, unused } = await findTables(root, all);
  if (format === 'auto' || format === 'csv') {
    const matcher = createFileMatcher(files);
    const chosen = await chooseTable({ dir: root, shownDir: dir, files, tables, matcher, format });
    unused.push(...chosen.unused);
    if (chosen.main !== undefined || chosen.parts.length > 0)
      return { dataset: loadCsvDataset({ dir: root, ...chosen, files, matcher }), unused };
    if (format === 'csv') {
      const why = unused.length === 0 ? '' : `; ${unused.map(({ path, reason }) => `${path}: ${reason}`).join('; ')}`;
      throw new UsageError(
        `loadDataset: ${dir} must ${isTableName(dir) ? 'be' : 'hold'} a csv file that names the recordings (labels.csv) to be read as csv${why}`,
      );
    }
  } else unused.push(...tables.map(({ path }) => ({ path, reason: `--format ${format} reads no tables` })));
  if (files.length === 0) {
    const why = unused.length === 0 ? ', got neither' : `; ${unused.map(({ path, reason }) => `${path}: ${reason}`).join('; ')}`;
    throw new UsageError(`loadDataset: ${dir} must hold recordings (wav, flac, ogg, mp3) or a csv that names them${why}`);
  }
  const kind = format === 'classFolders' || format === 'unlabelled' ? format : 'auto';
  return { dataset: await loadFolderDataset({ dir: root, files, format: kind }), unused };
}
