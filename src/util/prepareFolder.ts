import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { errorText, UsageError } from './errors.js';
import { makeFolder } from './makeFolder.js';

/**
 * Makes a folder for output, before the work: one that cannot be written must not cost an hour. `who` begins the error, a UsageError, and
 * `option` is how another folder is given.
 */
export async function prepareFolder(out: string, { who, option = '--out' }: { who: string; option?: string }): Promise<void> {
  try {
    await makeFolder(out);
    if (!(await stat(out)).isDirectory()) throw new Error('it is a file');
    await access(out, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${who}: ${out} must be a folder that can be written: ${errorText(error)}; give another ${option}`, {
      cause: error,
    });
  }
}
