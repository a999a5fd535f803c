import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { describeOtherFiles, isAudioName } from '../data/audioFiles.js';
import { compareCodeUnits } from '../data/clip.js';
import { walkFolder } from '../data/walkFolder.js';
import { parseCsv, requireColumns } from '../util/csv.js';
import { decodeUtf8 } from '../util/decodeUtf8.js';
import { UsageError } from '../util/errors.js';
import type { Recording } from './embedRecordings.js';

/**
 * The recordings that paths of files, folders and manifests name, with unique ids: relative to the one folder given, else under the paths
 * as given. A manifest is a .csv with the column `path` (and `id`, else the path is the id), or a .txt with a path a line; paths in it are
 * relative to it. A folder below that may not be read stands in for its recordings, under its own name, so that it is rejected with the
 * system's reason; files that are no recordings by their endings are counted in a note. `who` asks, for the errors. Throws UsageError
 * where a path is not there, a name is given twice or there is no recording.
 *
 * @example
 * ```ts
 * import { findRecordings } from 'audiossl';
 * const recordings = await findRecordings(['data/esc10/audio']);
 * recordings.length; // => 398
 * ```
 */
export async function findRecordings(
  paths: readonly string[],
  { who = 'embed', onNote }: { who?: string; onNote?: (note: string) => void } = {},
): Promise<Recording[]> {
  const found: Recording[] = [];
  const isAlone = paths.length === 1;
  for (const path of paths) {
    if (!existsSync(path)) throw new UsageError(`${who}: --in ${path} does not exist`);
    if (statSync(path).isDirectory()) {
      const { files, unreadable } = await walkFolder(path);
      const others = describeOtherFiles(files);
      if (others !== undefined) onNote?.(`${path}: ${others}`);
      const ids = [...files.filter(isAudioName), ...unreadable.map((folder) => folder.path)].sort(compareCodeUnits);
      for (const id of ids) found.push({ id: isAlone ? id : join(path, id), path: join(path, id) });
    } else if (/^\.(csv|txt)$/i.test(extname(path))) found.push(...(await readManifest(path, who)));
    else found.push({ id: isAlone ? basename(path) : path, path });
  }
  if (found.length === 0) throw new UsageError(`${who}: no recordings in ${paths.join(', ')}`);
  const ids = new Set<string>();
  for (const { id } of found) {
    if (ids.has(id)) throw new UsageError(`${who}: ${id} is given twice`);
    ids.add(id);
  }
  return found;
}

async function readManifest(path: string, who: string): Promise<Recording[]> {
  const text = decodeUtf8(await readFile(path), `${who}: ${path}`);
  const at = (file: string) => resolve(dirname(path), file);
  if (extname(path).toLowerCase() === '.txt') {
    const lines = text.split(/\r?\n/);
    return lines.filter((line) => line.trim() !== '').map((line) => ({ id: line, path: at(line) }));
  }
  const table = parseCsv(text, path);
  requireColumns(table, ['path'], path);
  const empty = table.rows.findIndex((row) => row.path === '');
  if (empty >= 0) throw new UsageError(`${who}: ${path}: row ${empty + 2} has no path`);
  return table.rows.map((row) => ({ id: row.id || row.path, path: at(row.path) }));
}
