import type { ByteSource } from './byteSource.js';
import { convertLine } from './convertLine.js';
import { checkSampleRate, type DecodeContext, type DecodedStream, decodeError } from './decodedAudio.js';
import { pcmBlocks } from './pcmBlocks.js';
import type { PcmFormat } from './pcmFormat.js';
import { soundLength } from './soundLength.js';
import { promisedAndStray } from './strayBytes.js';

/** What is found in a box of uncompressed samples: their format, where they start and how many bytes the header promises. */
export interface PcmBox {
  /** `AIFF`, `Sony Wave64` ... */
  name: string;
  format: PcmFormat;
  start: number;
  /** undefined = to the end of the file */
  promised?: number;
  isFileWhole?: boolean;
  /** Another chunk stands behind that of the sound, so that the sound ends there. */
  isFollowed?: boolean;
}

/** The samples of a box as a stream. */
export function openBox(source: ByteSource, box: PcmBox, context: DecodeContext): DecodedStream {
  const { name, format, start, isFileWhole, isFollowed = false } = box;
  const { file } = context;
  if (format.channels < 1 || format.channels > 256)
    throw decodeError(file, `${name} must have 1 to 256 channels, got ${format.channels}; mend the header or ${convertLine(file)}`);
  checkSampleRate(file, format.sampleRate);
  const available = Math.max(0, source.size - start);
  const what = `the ${name} header`;
  let { promised } = box;
  if (promised !== undefined && promised < available && !isFollowed)
    promised = promisedAndStray(source, { start, promised, what }, format, context);
  const numBytes = soundLength({ promised, available, isFileWhole, what }, format, context);
  return {
    sampleRate: format.sampleRate,
    numChannels: format.channels,
    format: `${name}, ${format.name}`,
    blocks: pcmBlocks(source, start, numBytes, format, context),
  };
}

const names = { pcm: 'PCM', float: 'float', aLaw: 'A-law', muLaw: 'mu-law' };

/** A format of these properties, or undefined where nothing here decodes it. */
export function pcmFormat(
  encoding: PcmFormat['encoding'],
  bits: number,
  rest: Omit<PcmFormat, 'encoding' | 'name' | 'sampleBytes'>,
): PcmFormat | undefined {
  const allowed = { pcm: bits >= 1 && bits <= 32, float: bits === 32 || bits === 64, aLaw: bits === 8, muLaw: bits === 8 }[encoding];
  return allowed ? { encoding, sampleBytes: Math.ceil(bits / 8), ...rest, name: `${bits}-bit ${names[encoding]}` } : undefined;
}

/** Whether a chunk stands at byte `at`: a name of four letters and a size that the file holds. `sizeOf` = from the chunk's first byte on. */
export function isChunkAt(
  source: ByteSource,
  at: number,
  { headBytes, isBigEndian, sizeOf }: { headBytes: number; isBigEndian: boolean; sizeOf: (head: ReturnType<typeof fields>) => number },
): boolean {
  if (at + headBytes > source.size) return false;
  const head = fields(source.read(at, headBytes), isBigEndian);
  const size = sizeOf(head);
  return head.isId(0) && size >= headBytes && at + size <= source.size + 1;
}

/** A number of `length` bytes at `at`, and text, of bytes that may be too few: 0 beyond the end. */
export function fields(bytes: Uint8Array, isBigEndian: boolean) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !isBigEndian;
  const inside = (at: number, length: number) => at + length <= bytes.length;
  return {
    u16: (at: number) => (inside(at, 2) ? view.getUint16(at, little) : 0),
    u32: (at: number) => (inside(at, 4) ? view.getUint32(at, little) : 0),
    u64: (at: number) => (inside(at, 8) ? Number(view.getBigUint64(at, little)) : 0),
    i64: (at: number) => (inside(at, 8) ? Number(view.getBigInt64(at, little)) : 0),
    f64: (at: number) => (inside(at, 8) ? view.getFloat64(at, little) : 0),
    isId: (at: number) => bytes.subarray(at, at + 4).every((byte) => byte >= 32 && byte < 127),
    text: (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length)),
  };
}
