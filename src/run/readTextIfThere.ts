import { readFile } from 'node:fs/promises';
import { isNodeError } from './runFolder.js';

/** The text of a file of a run; undefined where the file is absent. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
