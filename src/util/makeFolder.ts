import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing; one that is there will do. One level after the other: with `recursive`, mkdir of
 * Node.js 20 never returns where a folder above exists and takes none, as /proc. Throws the system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  const error = await makeOne(path);
  if (error === undefined) return;
  const above = dirname(path);
  if (error.code !== 'ENOENT' || above === path) throw error;
  // Where what is above is there by now somebody else has made it meanwhile, or it takes no folder.
  if (!isFolder(above)) await makeFolder(above);
  const last = await makeOne(path);
  if (last !== undefined) throw last;
}

/** What stands in the way, if anything does. */
async function makeOne(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    return isFolder(path) ? undefined : (error as NodeJS.ErrnoException);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
