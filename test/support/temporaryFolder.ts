import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A folder of its own, for a file, a group or a test alike; it goes away, with all that is in it, after the tests of the file (leaveNothing.ts). */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'audiossl-test-'));
  made.push(folder);
  return folder;
}

/** Removes them all and tells which they were. */
export function removeTemporaryFolders(): string[] {
  const folders = made.splice(0);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  return folders;
}
