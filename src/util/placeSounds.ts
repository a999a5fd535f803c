import { copyFile, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { makeFolder } from './makeFolder.js';
import { urlPath } from './urlPath.js';

/** Where a page finds the sounds. */
export interface SoundFiles {
  /** Of each row, for `src`, relative to the page; undefined where the recording is not there. */
  sources: (string | undefined)[];
  numCopied: number;
  numMissing: number;
}

/**
 * Copies recordings into `sounds/` beside the page, so that the folder can be moved and sent, or links to where they lie.
 *
 * @param paths of each row's recording, absolute; the same path again is the same sound
 */
export async function placeSounds(
  paths: readonly (string | undefined)[],
  { out, copy, signal }: { out: string; copy: boolean; signal?: AbortSignal },
): Promise<SoundFiles> {
  const placed = new Map<string, string | undefined>();
  let numCopied = 0;
  for (const path of new Set(paths)) {
    if (path === undefined) continue;
    signal?.throwIfAborted();
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) placed.set(path, undefined);
    else if (!copy) placed.set(path, urlPath(out, path));
    else {
      const to = join('sounds', `${numCopied++}${extname(path).toLowerCase()}`);
      await makeFolder(dirname(join(out, to)));
      await copyFile(path, join(out, to));
      placed.set(path, urlPath(out, join(out, to)));
    }
  }
  const sources = paths.map((path) => (path === undefined ? undefined : placed.get(path)));
  return { sources, numCopied, numMissing: [...placed.values()].filter((source) => source === undefined).length };
}
