import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { listAudioFiles } from '../data/audioFiles.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import type { Recording } from './embedRecordings.js';

/**
 * The recordings that paths of files and folders name, with unique ids: relative to the one folder given, else under the paths as given.
 * Throws UsageError where a path is not there or none holds a recording.
 */
export async function findRecordings(paths: readonly string[]): Promise<Recording[]> {
  const found: Recording[] = [];
  const isAlone = paths.length === 1;
  for (const path of paths) {
    if (!existsSync(path)) throw new UsageError(`embed: --in ${path} does not exist`);
    if (!statSync(path).isDirectory()) found.push({ id: isAlone ? basename(path) : path, path });
    else for (const id of await listAudioFiles(path)) found.push({ id: isAlone ? id : join(path, id), path: join(path, id) });
  }
  if (found.length === 0) throw new UsageError(`embed: no recordings in ${paths.join(', ')}`);
  const ids = new Set<string>();
  for (const { id } of found) {
    if (ids.has(id)) throw new AudiosslError(`embed: ${id} is given twice`);
    ids.add(id);
  }
  return found;
}
