import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { temporaryName } from './temporaryName.js';

/**
 * Makes a lock, whole from its first moment: nobody ever reads an empty one. Returns false where there is one already. Hard links make it;
 * where a disk has none the file is made in place, which is enough for all but a reader in that very moment.
 */
export function createLock(path: string, text: string): boolean {
  const own = temporaryName(path);
  writeFileSync(own, text);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
    return createInPlace(path, text);
  } finally {
    rmSync(own, { force: true });
  }
}

function createInPlace(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What a lock says; undefined where there is none. */
export function readLock(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes another text into a lock that this process holds; readers see the old one or the new one. */
export function rewriteLock(path: string, text: string): void {
  const own = temporaryName(path);
  writeFileSync(own, text);
  renameSync(own, path);
}

/**
 * Takes away a lock that was left behind, `text` being what it said. Of several processes that find it one does so; another that comes late
 * finds the lock of the first, and puts it back.
 */
export function removeStaleLock(path: string, text: string): void {
  const own = temporaryName(path);
  try {
    renameSync(path, own);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const taken = readFileSync(own, 'utf8');
    if (taken !== text) createLock(path, taken);
  } finally {
    rmSync(own, { force: true });
  }
}
