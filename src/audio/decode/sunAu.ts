import { fields, openBox, pcmFormat } from './boxes.js';
import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { type DecodeContext, type DecodedStream, decodeError } from './decodedAudio.js';
import type { PcmFormat } from './pcmFormat.js';

const encodings: Record<number, [PcmFormat['encoding'], bits: number]> = {
  1: ['muLaw', 8],
  2: ['pcm', 8],
  3: ['pcm', 16],
  4: ['pcm', 24],
  5: ['pcm', 32],
  6: ['float', 32],
  7: ['float', 64],
  27: ['aLaw', 8],
};

/** Opens a Sun or NeXT AU file (.snd, and its little-endian form dns.) with uncompressed samples. */
export function openSunAu(source: ByteSource, offset: number, context: DecodeContext): DecodedStream {
  const { file } = context;
  const bytes = source.read(offset, 24);
  const isBigEndian = bytes[0] === 0x2e;
  const { u32 } = fields(bytes, isBigEndian);
  if (bytes.length < 24) throw decodeError(file, `Sun AU: the header is cut off after ${bytes.length} bytes; get a whole copy`);
  const size = u32(8);
  const encoding = encodings[u32(12)];
  const format = encoding && pcmFormat(...encoding, { channels: u32(20), sampleRate: u32(16), isBigEndian, isSigned8: true });
  if (format === undefined)
    throw decodeError(file, `Sun AU with encoding ${u32(12)}, expected PCM, float, A-law or mu-law; ${convertLine(file)}`);
  const promised = size === 0xffffffff || size === 0 ? undefined : size;
  return openBox(source, { name: 'Sun AU', format, start: offset + Math.max(24, u32(4)), promised }, context);
}
