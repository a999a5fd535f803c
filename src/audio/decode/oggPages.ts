import { convertLine, type DecodeContext, decodeError, reportDamage } from './decodedAudio.js';

export interface OggStream {
  /** Samples a channel at the end of the last page: what the stream promises. */
  lastGranule: number;
  /** Content of the first page: the codec's identification header. */
  firstPacket: Uint8Array;
}

/**
 * Walks the pages of an Ogg file. Damage: a page whose checksum is wrong or that is missing, a last page that is cut
 * off or does not end the stream. Several streams in one file (video, chained radio recordings) are refused.
 */
export function readOggPages(bytes: Uint8Array, context: DecodeContext): OggStream {
  const { file } = context;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let serial: number | undefined;
  let sequence = 0;
  let lastGranule = 0;
  let isEnded = false;
  let firstPacket = bytes.subarray(0, 0);
  const problems = new Set<string>();

  let position = 0;
  while (position + 27 <= bytes.length && view.getUint32(position, true) === 0x5367674f) {
    const flags = bytes[position + 5];
    const numSegments = bytes[position + 26];
    const body = position + 27 + numSegments;
    let end = body;
    for (let i = position + 27; i < Math.min(body, bytes.length); i++) end += bytes[i];
    if (end > bytes.length) {
      problems.add('the last page is cut off');
      break;
    }
    const pageSerial = view.getUint32(position + 14, true);
    serial ??= pageSerial;
    if (pageSerial !== serial) throw decodeError(file, `Ogg holds several streams, expected a single Vorbis stream; ${convertLine(file)}`);
    if (position === 0) firstPacket = bytes.subarray(body, end);
    if (view.getUint32(position + 22, true) !== pageChecksum(bytes, position, end)) problems.add(`page ${sequence} has a wrong checksum`);
    if (view.getUint32(position + 18, true) !== sequence) problems.add(`page ${sequence} is missing`);
    sequence = view.getUint32(position + 18, true) + 1;
    const granule = view.getBigInt64(position + 6, true);
    // -1 = no packet ends on this page.
    if (granule >= 0n) lastGranule = Number(granule);
    isEnded = (flags & 4) !== 0;
    position = end;
  }
  if (problems.size === 0 && !isEnded) problems.add('the page that ends the stream is missing');
  if (problems.size > 0)
    reportDamage(context, `damaged or cut off: ${[...problems].slice(0, 3).join(', ')} (${lastGranule} samples up to the last whole page)`);
  return { lastGranule, firstPacket };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

/** CRC-32 (polynomial 0x04c11db7, no reflection) of the page with its checksum field as zeros. */
function pageChecksum(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    const byte = i >= start + 22 && i < start + 26 ? 0 : bytes[i];
    crc = (crc << 8) ^ crcTable[(crc >>> 24) ^ byte];
  }
  return crc >>> 0;
}
