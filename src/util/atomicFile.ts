import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasProcess } from './hasProcess.js';
import { temporaryName } from './temporaryName.js';

/** A file that is to appear, and what writes it. */
export interface NewFile {
  path: string;
  /** Gets the file open, and its temporary name for those that must write by name. */
  write: (handle: FileHandle, temporary: string) => Promise<void>;
}

/**
 * Writes files that belong together to temporary names in their folders, flushes them to the disk, then renames them all, in their order:
 * readers see the old files or the new ones, and a process that is killed while it writes has changed none.
 */
export async function writeFilesAtomic(files: readonly NewFile[]): Promise<void> {
  const written: { temporary: string; path: string }[] = [];
  try {
    for (const { path, write } of files) {
      const temporary = temporaryName(path);
      const handle = await open(temporary, 'wx');
      written.push({ temporary, path });
      try {
        await write(handle, temporary);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    for (const { temporary, path } of written) await rename(temporary, path);
  } catch (error) {
    for (const { temporary } of written) await rm(temporary, { force: true });
    throw error;
  }
}

/** One file of its own: the old one or the new one is there. */
export async function writeFileAtomicWith(path: string, write: NewFile['write']): Promise<void> {
  await writeFilesAtomic([{ path, write }]);
}

/** Replaces a whole file atomically. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await writeFileAtomicWith(path, async (handle) => {
    await handle.writeFile(content);
  });
}

/**
 * Removes what processes that were killed left of `path`: its temporary names with numbers that no process has. Reads the whole folder, so
 * it is for what is written once in a long work.
 */
export async function removeTemporaries(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const pid = name.startsWith(start) ? /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid !== undefined && !isAtWork(Number(pid))) await rm(join(dirname(path), name), { force: true });
  }
}

/** In a container numbers begin anew: one that is this process's own was another's. */
const isAtWork = (pid: number): boolean => pid !== process.pid && hasProcess(pid);
