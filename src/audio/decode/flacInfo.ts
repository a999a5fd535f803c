import { hexOfBytes } from '../../util/bytes.js';
import type { ByteSource } from './byteSource.js';
import { decodeError } from './decodedAudio.js';

/** A FLAC stream's STREAMINFO block. */
export interface FlacInfo {
  sampleRate: number;
  channels: number;
  bits: number;
  /** Samples a channel; 0 = unknown. */
  totalSamples: number;
  /** Of the unpacked samples, hexadecimal; all zeros = unknown. */
  md5: string;
}

export const infoBytes = 38;

/** Reads the metadata block STREAMINFO, its 4-byte head included. Throws where it is not there. */
export function readFlacInfo(block: Uint8Array, file: string): FlacInfo {
  // Head (type 0, length 34), block sizes 4, frame sizes 6, then 20 bits rate, 3 channels, 5 bits, 36 samples.
  if (block.length < infoBytes || (block[0] & 0x7f) !== 0)
    throw decodeError(file, 'FLAC without its STREAMINFO block; the file is cut off or broken, get a whole copy');
  return {
    sampleRate: (block[14] << 12) | (block[15] << 4) | (block[16] >> 4),
    channels: ((block[16] >> 1) & 7) + 1,
    bits: (((block[16] & 1) << 4) | (block[17] >> 4)) + 1,
    totalSamples: (block[17] & 15) * 2 ** 32 + block[18] * 2 ** 24 + ((block[19] << 16) | (block[20] << 8) | block[21]),
    md5: hexOfBytes(block.subarray(22, 38)),
  };
}

/** Where the frames start: behind all metadata blocks of the stream whose "fLaC" stands at `offset`. */
export function flacFramesStart(source: ByteSource, offset: number): number {
  let at = offset + 4;
  for (let isLast = false; !isLast && at + 4 <= source.size; ) {
    const head = source.read(at, 4);
    // A frame's sync code: the mark of the last block was forgotten.
    if (head[0] === 0xff) break;
    isLast = (head[0] & 0x80) !== 0;
    at += 4 + ((head[1] << 16) | (head[2] << 8) | head[3]);
  }
  return at;
}
