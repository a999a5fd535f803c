import { fields, isChunkAt, openBox, pcmFormat } from './boxes.js';
import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { type DecodeContext, type DecodedStream, decodeError, smallLossSeconds } from './decodedAudio.js';
import { frameBytes, type PcmFormat } from './pcmFormat.js';

/** AIFF-C's names of uncompressed samples. `bits` 0 = as COMM says. */
const codecs: Record<string, { encoding: PcmFormat['encoding']; bits: number; isLittleEndian?: boolean; isUnsigned8?: boolean }> = {
  NONE: { encoding: 'pcm', bits: 0 },
  twos: { encoding: 'pcm', bits: 0 },
  sowt: { encoding: 'pcm', bits: 0, isLittleEndian: true },
  'raw ': { encoding: 'pcm', bits: 0, isUnsigned8: true },
  in24: { encoding: 'pcm', bits: 24 },
  in32: { encoding: 'pcm', bits: 32 },
  '42ni': { encoding: 'pcm', bits: 24, isLittleEndian: true },
  '23ni': { encoding: 'pcm', bits: 32, isLittleEndian: true },
  fl32: { encoding: 'float', bits: 32 },
  FL32: { encoding: 'float', bits: 32 },
  fl64: { encoding: 'float', bits: 64 },
  FL64: { encoding: 'float', bits: 64 },
  alaw: { encoding: 'aLaw', bits: 8 },
  ALAW: { encoding: 'aLaw', bits: 8 },
  ulaw: { encoding: 'muLaw', bits: 8 },
  ULAW: { encoding: 'muLaw', bits: 8 },
};

/** Opens an AIFF or AIFF-C file with uncompressed samples. Throws, naming the codec and the remedy, for others. */
export function openAiff(source: ByteSource, offset: number, context: DecodeContext): DecodedStream {
  const { file } = context;
  const form = fields(source.read(offset, 12), true);
  const isAiffC = form.text(8, 4) === 'AIFC';
  const name = isAiffC ? 'AIFF-C' : 'AIFF';
  let common: ReturnType<typeof fields> | undefined;
  let commonSize = 0;
  let sound: { start: number; size: number } | undefined;
  for (let at = offset + 12; at + 8 <= source.size; ) {
    const head = fields(source.read(at, 8), true);
    const size = head.u32(4);
    if (!head.isId(0)) break;
    if (head.text(0, 4) === 'COMM') {
      commonSize = Math.min(size, 64);
      common ??= fields(source.read(at + 8, commonSize), true);
    } else if (head.text(0, 4) === 'SSND') {
      // Behind the head: an offset to the first sample and a block size.
      const skipped = 8 + fields(source.read(at + 8, 4), true).u32(0);
      sound ??= { start: at + 8 + skipped, size: Math.max(0, size - skipped) };
    }
    at += 8 + size + (size % 2);
  }
  if (common === undefined || commonSize < 18 || sound === undefined)
    throw decodeError(file, `${name} without its ${sound === undefined ? 'SSND' : 'COMM'} chunk; the file is cut off, get a whole copy`);

  const channels = common.u16(0);
  const numFrames = common.u32(2);
  const bits = common.u16(6);
  const sampleRate = extended(common.u16(8), common.u32(10), common.u32(14));
  const codec = isAiffC ? common.text(18, 4) : 'NONE';
  const known = codecs[codec];
  if (known === undefined)
    throw decodeError(file, `AIFF-C with codec ${JSON.stringify(codec)}, expected uncompressed samples; ${convertLine(file)}`);
  const { encoding, bits: codecBits, isLittleEndian = false, isUnsigned8 = false } = known;
  const format = pcmFormat(encoding, codecBits || bits, { channels, sampleRate, isBigEndian: !isLittleEndian, isSigned8: !isUnsigned8 });
  if (format === undefined) throw decodeError(file, `${name} has ${bits} bits a sample, expected 1 to 32; ${convertLine(file)}`);
  // COMM counts samples, SSND bytes; a writer to a pipe leaves either, or both, at 0.
  const size = frameBytes(format);
  const counted = numFrames * size;
  let promised = counted > 0 ? counted : sound.size > 0 ? sound.size : undefined;
  const end = sound.start + sound.size;
  const chunk = { headBytes: 8, isBigEndian: true, sizeOf: (head: ReturnType<typeof fields>) => 8 + head.u32(4) };
  const isFollowed = [end, end + 1].some((at) => isChunkAt(source, at, chunk));
  // Of two that differ by more than what pads a block, the chunk's size is the true one where the file holds it.
  const isMore = end <= source.size && sound.size - counted >= smallLossSeconds * sampleRate * size;
  if (counted > 0 && (isMore || (isFollowed && counted > sound.size))) {
    context.warnings.push(
      `the ${name} header counts ${numFrames} samples a channel, its chunk "SSND" holds ${Math.floor(sound.size / size)}: these were used`,
    );
    promised = sound.size;
  }
  const isFileWhole = Math.abs(offset + 8 + form.u32(4) - source.size) <= 1;
  return openBox(source, { name, format, start: sound.start, promised, isFileWhole, isFollowed }, context);
}

/** An 80-bit IEEE 754 number: sign and 15 bits of exponent, 64 bits of mantissa with its leading 1. */
function extended(head: number, high: number, low: number): number {
  return (high * 2 ** 32 + low) * 2 ** ((head & 0x7fff) - 16_383 - 63);
}
