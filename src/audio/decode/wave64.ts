import { fields, isChunkAt, openBox } from './boxes.js';
import type { ByteSource } from './byteSource.js';
import { type DecodeContext, type DecodedStream, decodeError } from './decodedAudio.js';
import { readWavFormat } from './wavFormat.js';

/** Opens a Sony Wave64 file: WAV's chunks under GUIDs whose first four bytes are WAV's names, with 64-bit sizes that count their heads. */
export function openWave64(source: ByteSource, offset: number, context: DecodeContext): DecodedStream {
  const { file } = context;
  let formatBytes: Uint8Array | undefined;
  let sound: { start: number; size: number } | undefined;
  for (let at = offset + 40; at + 24 <= source.size; ) {
    const head = fields(source.read(at, 24), false);
    const size = head.u64(16);
    if (!head.isId(0)) break;
    if (head.text(0, 4) === 'fmt ') formatBytes ??= source.read(at + 24, Math.min(Math.max(0, size - 24), 128));
    else if (head.text(0, 4) === 'data') sound ??= { start: at + 24, size: Math.max(0, size - 24) };
    // Chunks start at multiples of 8; a size below its own head would stand still.
    at += Math.max(24, Math.ceil(size / 8) * 8);
  }
  if (formatBytes === undefined || sound === undefined)
    throw decodeError(
      file,
      `Sony Wave64 without a "${formatBytes ? 'data' : 'fmt '}" chunk; the file is broken or cut off, get a whole copy`,
    );
  const format = readWavFormat(formatBytes, context);
  const isFileWhole = fields(source.read(offset + 16, 8), false).u64(0) === source.size - offset;
  const promised = sound.size > 0 ? sound.size : undefined;
  const end = offset + Math.ceil((sound.start - offset + sound.size) / 8) * 8;
  const isFollowed = isChunkAt(source, end, { headBytes: 24, isBigEndian: false, sizeOf: (head) => head.u64(16) });
  return openBox(source, { name: 'Sony Wave64', format, start: sound.start, promised, isFileWhole, isFollowed }, context);
}
