import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../util/errors.js';
import { compareCodeUnits } from './clip.js';

export interface FolderListing {
  /** Paths of all files, relative, '/' separated, sorted by code unit. */
  files: string[];
  /** Folders below that could not be listed, relative, with the system's reason: what is in them is not known. */
  unreadable: { path: string; reason: string }[];
}

/**
 * Everything below `dir`. Links are followed (each folder once); names starting with '.' are skipped. A folder below that may not be read
 * is named, not passed over; `dir` itself must be readable, else this throws the system's error.
 */
export async function walkFolder(dir: string): Promise<FolderListing> {
  const files: string[] = [];
  const unreadable: FolderListing['unreadable'] = [];
  const visited = new Set<string>();
  const walk = async (relative: string): Promise<void> => {
    const folder = join(dir, relative);
    let entries: Dirent[];
    try {
      const real = await realpath(folder);
      if (visited.has(real)) return;
      visited.add(real);
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (relative === '') throw error;
      unreadable.push({ path: relative, reason: errorText(error) });
      return;
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const child = relative === '' ? entry.name : `${relative}/${entry.name}`;
      let isFolder = entry.isDirectory();
      let isFile = entry.isFile();
      if (entry.isSymbolicLink()) {
        // A broken link counts as a file, so that reading it gives an error that names it.
        const target = await stat(join(dir, child)).catch(() => undefined);
        isFolder = target?.isDirectory() ?? false;
        isFile = !isFolder;
      }
      if (isFolder) await walk(child);
      else if (isFile) files.push(child);
    }
  };
  await walk('');
  files.sort(compareCodeUnits);
  return { files, unreadable: unreadable.sort((a, b) => compareCodeUnits(a.path, b.path)) };
}
