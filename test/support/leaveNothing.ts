import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { beforeAll, expect } from 'vitest';
import { removeTemporaryFolders } from './temporaryFolder.js';

/**
 * A file of tests fails that leaves something behind: a file of a temporary folder open (what was opened is closed, also where it was refused
 * after a look), or the environment, the working directory or the exit code changed, which the next file may find.
 */
const before = stateOfProcess();

// As what the first beforeAll gives back: after all that the file itself does at its end.
beforeAll(() => async () => {
  const folders = removeTemporaryFolders();
  const open = () => openFiles().filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
  // A stream that was read to its end closes its file a little later.
  for (let i = 0; i < 40 && open().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open()).toEqual([]);
  expect(stateOfProcess()).toEqual(before);
});

function stateOfProcess() {
  return { cwd: process.cwd(), exitCode: process.exitCode, environment: { ...process.env } };
}

/** What this process has open, where the system tells. */
function openFiles(): string[] {
  const descriptors = '/proc/self/fd';
  if (!existsSync(descriptors)) return [];
  return readdirSync(descriptors).flatMap((name) => {
    try {
      return [readlinkSync(`${descriptors}/${name}`)];
    } catch {
      return []; // the one that lists them
    }
  });
}
