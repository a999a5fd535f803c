import { fields, isChunkAt, openBox, pcmFormat } from './boxes.js';
import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { type DecodeContext, type DecodedStream, decodeError } from './decodedAudio.js';

/** Opens an Apple Core Audio file with uncompressed samples. Throws, naming the codec and the remedy, for others. */
export function openCaf(source: ByteSource, offset: number, context: DecodeContext): DecodedStream {
  const { file } = context;
  let description: ReturnType<typeof fields> | undefined;
  let sound: { start: number; size: number } | undefined;
  for (let at = offset + 8; at + 12 <= source.size; ) {
    const head = fields(source.read(at, 12), true);
    const size = head.i64(4);
    if (head.text(0, 4) === 'desc') description ??= fields(source.read(at + 12, 32), true);
    else if (head.text(0, 4) === 'data') {
      // Behind the head: a count of edits. -1 = to the end of the file, then it is the last chunk.
      sound ??= { start: at + 16, size: size - 4 };
    }
    if (size < 0 || !head.isId(0)) break;
    at += 12 + size;
  }
  if (description === undefined || sound === undefined)
    throw decodeError(
      file,
      `Apple CAF without a "${description ? 'data' : 'desc'}" chunk; the file is broken or cut off, get a whole copy`,
    );
  const codec = description.text(8, 4);
  const flags = description.u32(12);
  const channels = description.u32(24);
  const bits = description.u32(28);
  const rest = { channels, sampleRate: description.f64(0), isBigEndian: (flags & 2) === 0, isSigned8: true };
  const format =
    codec === 'lpcm'
      ? pcmFormat(flags & 1 ? 'float' : 'pcm', bits, rest)
      : codec === 'alaw' || codec === 'ulaw'
        ? pcmFormat(codec === 'alaw' ? 'aLaw' : 'muLaw', 8, rest)
        : undefined;
  if (format === undefined)
    throw decodeError(
      file,
      `Apple CAF with codec ${JSON.stringify(codec)} of ${bits} bits, expected uncompressed samples; ${convertLine(file)}`,
    );
  // Samples of fewer bits may stand in wider places.
  const container = description.u32(16) / channels;
  if (format.encoding === 'pcm' && Number.isInteger(container) && container > format.sampleBytes && container <= 4)
    format.sampleBytes = container;
  const promised = sound.size < 0 ? undefined : sound.size;
  const chunk = { headBytes: 12, isBigEndian: true, sizeOf: (head: ReturnType<typeof fields>) => 12 + head.i64(4) };
  const isFollowed = promised !== undefined && isChunkAt(source, sound.start + promised, chunk);
  return openBox(source, { name: 'Apple CAF', format, start: sound.start, promised, isFollowed }, context);
}
