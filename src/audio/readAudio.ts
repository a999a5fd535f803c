import { readFile } from 'node:fs/promises';
import { AudiosslError, errorText } from '../util/errors.js';
import { type DecodedAudio, decodeAudio } from './decodeAudio.js';

/** decodeAudio of a file; errors and warnings name its path. */
export async function readAudio(path: string, { salvage = false }: { salvage?: boolean } = {}): Promise<DecodedAudio> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new AudiosslError(`readAudio: ${errorText(error)}`, { cause: error });
  }
  return decodeAudio(bytes, { file: path, salvage });
}
