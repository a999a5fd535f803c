import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing; one that is there will do. One level after the other: with `recursive`, mkdir of
 * Node.js 20 never returns where a folder above exists and takes none, as /proc. Throws the system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (isFolder(path)) return;
    const above = dirname(path);
    // What is above is there: it takes no folder, or a file is in the place of this one.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || isFolder(above) || above === path) throw error;
    await makeFolder(above);
    await makeFolder(path);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
