import { readdir, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorText, UsageError } from './errors.js';
import { makeFolder } from './makeFolder.js';
import { temporaryName } from './temporaryName.js';

/**
 * Writes a new folder through `write(dir)` under a temporary name beside it, then renames: it is there whole or not at all. Throws
 * UsageError where something with content is in its place; `who` names the command.
 */
export async function writeFolderAtomic(path: string, who: string, write: (dir: string) => Promise<void>): Promise<void> {
  await checkNewFolder(path, who);
  const whole = resolve(path);
  const temporary = temporaryName(whole);
  await makeFolder(temporary);
  try {
    await write(temporary);
    await rename(temporary, whole);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Throws UsageError unless nothing, or an empty folder, is at the path: before the work, not after it. */
export async function checkNewFolder(path: string, who: string): Promise<void> {
  try {
    if ((await readdir(path)).length > 0) throw new UsageError(`${who}: the folder ${path} must be new or empty; give another --out`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new UsageError(`${who}: ${path} cannot be a new folder (${errorText(error)}); give another --out`, { cause: error });
  }
}
