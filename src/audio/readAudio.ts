import { type DecodedAudio, readWhole } from './decodeAudio.js';
import { openRecording } from './openRecording.js';

/**
 * decodeAudio of a file; errors and warnings name its path.
 *
 * @example
 * ```ts
 * import { readAudio } from 'audiossl';
 * const { numFrames, sampleRate } = await readAudio('data/esc10/audio/2-71162-A.ogg');
 * [numFrames, sampleRate]; // => [110272, 22050]
 * ```
 */
export async function readAudio(path: string, { salvage = false }: { salvage?: boolean } = {}): Promise<DecodedAudio> {
  return readWhole(await openRecording(path, { salvage }), path);
}
