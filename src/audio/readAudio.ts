import { type DecodedAudio, readWhole } from './decodeAudio.js';
import { openRecording } from './openRecording.js';

/** decodeAudio of a file; errors and warnings name its path. */
export async function readAudio(path: string, { salvage = false }: { salvage?: boolean } = {}): Promise<DecodedAudio> {
  return readWhole(await openRecording(path, { salvage }), path);
}
