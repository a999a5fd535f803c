import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes through `write(handle)` to a temporary name in the same folder, flushes to the disk, then renames: readers see the old file or the new one. */
export async function writeFileAtomicWith(
  path: string,
  write: (handle: import('node:fs/promises').FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx');
  try {
    await write(handle);
    await handle.sync();
    await handle.close();
    await rename(temporary, path);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Replaces a whole file atomically. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  await writeFileAtomicWith(path, async (handle) => {
    await handle.writeFile(content);
  });
}
