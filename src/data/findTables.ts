import { join } from 'node:path';
import { errorText } from '../util/errors.js';
import { isAudioName } from './audioFiles.js';
import { readTableHead } from './readTable.js';
import { type TableColumns, tableColumns } from './tableColumns.js';
import { isTableName } from './tableName.js';

/** A table of a data folder that lists recordings. */
export interface FoundTable {
  /** Relative to the data folder. */
  path: string;
  columns: TableColumns;
  /** Names of the columns of a table without a header row. */
  given?: string[];
}

/** A table that is not read, with the reason. */
export interface UnusedTable {
  path: string;
  reason: string;
}

/** Deeper down, tables belong to something else. */
const MAX_DEPTH = 4;

/**
 * Tables among the files of a data folder: those with a column that names recordings, and the others with what keeps them from being
 * read. DCASE's `meta.txt` and the lists beside it have no header row and are known by their names.
 */
export async function findTables(dir: string, files: readonly string[]): Promise<{ tables: FoundTable[]; unused: UnusedTable[] }> {
  const tables: FoundTable[] = [];
  const unused: UnusedTable[] = [];
  const ofOne = tablesOfOne(files);
  const made = files.filter((path) => /(^|\/)(logmel\.npy|log\.jsonl)$/.test(path)).map((path) => path.slice(0, path.lastIndexOf('/') + 1));
  for (const path of files) {
    // Feature stores and runs that stand in the data folder have tables of their own.
    if (ofOne.has(path) || path.split('/').length > MAX_DEPTH || made.some((folder) => path.startsWith(folder))) continue;
    if (/\.(xlsx?|ods|numbers)$/i.test(path)) {
      unused.push({ path, reason: 'a spreadsheet cannot be read; save it as csv' });
      continue;
    }
    const isDcaseText = /(^|\/)(meta|evaluation_setup\/[^/]*)\.txt$/i.test(path);
    const isText = !isDcaseText && /\.txt$/i.test(path);
    if (!isDcaseText && !isText && !isTableName(path)) continue;
    try {
      const head = await readTableHead(join(dir, path));
      // Most texts are to be read by people.
      if (isText && !isAudioName(head[0]) && !namesRecordingsAndMore(head)) continue;
      if (head.every((field) => field === '')) unused.push({ path, reason: 'it is empty' });
      else if (isAudioName(head[0])) {
        if (isDcaseText) {
          const given = ['filename', 'scene_label', 'identifier'].slice(0, head.length);
          tables.push({ path, columns: tableColumns(given), given });
        } else {
          unused.push({ path, reason: `its first row must name the columns (such as fname,label), got ${head.slice(0, 3).join(', ')}` });
        }
      } else {
        const columns = tableColumns(head);
        if (columns.file.length > 0) tables.push({ path, columns });
        else
          unused.push({
            path,
            reason: `none of its columns names the recordings (fname, filename, file, path or slice_file_name), it has ${head
              .filter((name) => name !== '')
              .slice(0, 8)
              .join(', ')}${head.length > 8 ? ' ...' : ''}`,
          });
      }
    } catch (error) {
      if (!isText) unused.push({ path, reason: errorText(error) });
    }
  }
  const [first, ...others] = ofOne;
  if (first !== undefined)
    unused.push({ path: first, reason: `it and ${others.length} more are named like recordings, and tell of one each` });
  return { tables, unused };
}

/** Tables and texts named like the recording beside them, where there are several: events in it, or what is said in it. Thousands are common. */
function tablesOfOne(files: readonly string[]): ReadonlySet<string> {
  const withoutEnding = (path: string) => path.replace(/\.[^./]*$/, '');
  const recordings = new Set(files.filter(isAudioName).map(withoutEnding));
  const found = files.filter((path) => /\.(csv|tsv|tab|txt)$/i.test(path) && recordings.has(withoutEnding(path)));
  return new Set(found.length > 1 ? found : []);
}

function namesRecordingsAndMore(head: readonly string[]): boolean {
  const { file, label, split, fold } = tableColumns(head);
  return file.length > 0 && (label ?? split ?? fold) !== undefined;
}
