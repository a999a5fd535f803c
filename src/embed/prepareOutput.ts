import { constants, existsSync, statSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';

/** Makes the folder of an output file and checks that a file can be written there: now, not after hours of work. `who` begins the errors. */
export async function prepareOutput(out: string, who = 'embed'): Promise<void> {
  if (existsSync(out) && statSync(out).isDirectory()) throw new UsageError(`${who}: ${out} is a folder; give another --out`);
  try {
    await makeFolder(dirname(out));
    await access(dirname(out), constants.W_OK);
  } catch (error) {
    throw new AudiosslError(`${who}: ${out} cannot be written (${errorText(error)}); give another --out`, { cause: error });
  }
}
