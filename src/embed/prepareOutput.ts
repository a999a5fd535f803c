import { constants, existsSync, statSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';

/** Makes the folder of an output file and checks that a file can be written there: now, not after hours of work. */
export async function prepareOutput(out: string): Promise<void> {
  if (existsSync(out) && statSync(out).isDirectory()) throw new UsageError(`embed: ${out} is a folder; give another --out`);
  try {
    await mkdir(dirname(out), { recursive: true });
    await access(dirname(out), constants.W_OK);
  } catch (error) {
    throw new AudiosslError(`embed: ${out} cannot be written (${errorText(error)}); give another --out`, { cause: error });
  }
}
