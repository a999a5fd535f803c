import type { ByteSource } from './byteSource.js';

/** What a FLAC frame's header says. */
export interface FlacFrameHeader {
  /** Bytes of the header, its CRC included. */
  length: number;
  /** Frame number, or with variable block sizes the number of the first sample. */
  number: number;
  isVariable: boolean;
  /** Samples a channel. */
  blockSize: number;
  numChannels: number;
}

const maxHeaderBytes = 16;
/** Where a frame is lost, the next one is looked for this far. */
const resyncBytes = 2 ** 20;

/** The frame header at the beginning of `bytes`, or undefined: sync code, no reserved value, a CRC-8 that is right. */
export function flacFrameHeader(bytes: Uint8Array, at = 0): FlacFrameHeader | undefined {
  if (bytes[at] !== 0xff || (bytes[at + 1] & 0xfe) !== 0xf8 || at + 6 > bytes.length) return undefined;
  const isVariable = (bytes[at + 1] & 1) === 1;
  const sizeCode = bytes[at + 2] >> 4;
  const rateCode = bytes[at + 2] & 15;
  const channelCode = bytes[at + 3] >> 4;
  const bitsCode = (bytes[at + 3] >> 1) & 7;
  if (sizeCode === 0 || rateCode === 15 || channelCode > 10 || bitsCode === 3 || bytes[at + 3] & 1) return undefined;
  // The number is coded as UTF-8 codes characters, in up to 7 bytes.
  let next = at + 4;
  const first = bytes[next++];
  let numMore = 0;
  while (numMore < 7 && first & (0x80 >> numMore)) numMore++;
  if (numMore === 1 || first === 0xff) return undefined;
  numMore = Math.max(0, numMore - 1);
  let number = numMore === 0 ? first : first & (0x3f >> numMore);
  for (let i = 0; i < numMore; i++) {
    const byte = bytes[next++];
    if ((byte & 0xc0) !== 0x80) return undefined;
    number = number * 64 + (byte & 0x3f);
  }
  let blockSize = sizeCode === 1 ? 192 : sizeCode < 6 ? 576 << (sizeCode - 2) : 1 << sizeCode;
  if (sizeCode === 6) blockSize = bytes[next++] + 1;
  else if (sizeCode === 7) {
    blockSize = bytes[next] * 256 + bytes[next + 1] + 1;
    next += 2;
  }
  if (rateCode === 12) next++;
  else if (rateCode > 12) next += 2;
  if (next >= bytes.length || crc8(bytes, at, next) !== bytes[next]) return undefined;
  return { length: next + 1 - at, number, isVariable, blockSize, numChannels: channelCode < 8 ? channelCode + 1 : 2 };
}

/** A frame as it stands in the file, `isWhole` unless nothing that ends it was found. */
export interface FlacFrame {
  bytes: Uint8Array;
  /** Its first byte in the source. */
  start: number;
  header: FlacFrameHeader;
  /** Bytes before it that belong to no frame. */
  numSkipped: number;
  /** Lengths at which the frame may end, where no next frame says so: its CRC-16 is right there. Empty = the frame is not whole. */
  possibleEnds?: number[];
}

/**
 * The frames of a native FLAC stream from byte `at` on. A frame ends where the header of the next one stands, recognised by its CRC-8,
 * its channels and its number; the last one, behind which anything may stand, where its CRC-16 is right: whoever takes it says by
 * `next(end)` which of its possible ends was the true one. `maxBits` bounds a frame's length.
 */
export function* flacFrames(source: ByteSource, at: number, maxBits: number): Generator<FlacFrame, void, number | undefined> {
  let position = at;
  let numSkipped = 0;
  let last: FlacFrameHeader | undefined;
  while (position < source.size) {
    const header = flacFrameHeader(source.read(position, maxHeaderBytes));
    // Any bytes may look like a header that no frame came before.
    const isPlausible = header !== undefined && (last === undefined || isLater(header, last));
    if (!isPlausible) {
      const next = findHeader(source, position + 1, position + resyncBytes, (found) => last === undefined || isLater(found, last));
      if (next === undefined) return;
      numSkipped += next - position;
      position = next;
      continue;
    }
    // A frame holds at most its samples, uncompressed; the difference of two channels has a bit more.
    const longest = header.length + 64 + header.numChannels * (8 + Math.ceil((header.blockSize * (maxBits + 1)) / 8));
    const end = findHeader(source, position + header.length + 1, position + longest, (found) => isNext(found, header));
    if (end !== undefined) {
      yield { bytes: source.read(position, end - position), start: position, header, numSkipped };
      position = end;
    } else {
      const bytes = source.read(position, longest);
      const trueEnd: number | undefined = yield {
        bytes,
        start: position,
        header,
        numSkipped,
        possibleEnds: endsByCrc(bytes, header.length),
      };
      // What is no whole frame may hide the next one.
      position += trueEnd ?? header.length;
    }
    numSkipped = 0;
    last = header;
  }
}

const isAlike = (a: FlacFrameHeader, b: FlacFrameHeader) => a.isVariable === b.isVariable && a.numChannels === b.numChannels;

function isNext(found: FlacFrameHeader, before: FlacFrameHeader): boolean {
  return isAlike(found, before) && found.number === before.number + (before.isVariable ? before.blockSize : 1);
}

/** Lost frames leave a gap in the numbers. */
function isLater(found: FlacFrameHeader, before: FlacFrameHeader): boolean {
  return isAlike(found, before) && found.number > before.number;
}

/** The first place from `from` on, before `to`, where a header stands that `isWanted`. */
function findHeader(source: ByteSource, from: number, to: number, isWanted: (header: FlacFrameHeader) => boolean): number | undefined {
  const bytes = source.read(from, to - from + maxHeaderBytes);
  for (let i = bytes.indexOf(0xff); i >= 0 && i <= to - from; i = bytes.indexOf(0xff, i + 1)) {
    const header = flacFrameHeader(bytes, i);
    if (header !== undefined && isWanted(header)) return from + i;
  }
  return undefined;
}

const maxEnds = 16;

/** The lengths, shortest first, at which the CRC-16 over all bytes before is 0, as it is behind a frame's own CRC. */
function endsByCrc(bytes: Uint8Array, headerLength: number): number[] {
  const ends: number[] = [];
  let crc = 0;
  let numZeros = 0;
  for (let i = 0; i < bytes.length && ends.length < maxEnds; i++) {
    crc = ((crc << 8) & 0xffff) ^ crc16Table[(crc >> 8) ^ bytes[i]];
    numZeros = crc === 0 ? numZeros + 1 : 0;
    // Zeros behind an end leave the sum at 0; a CRC whose low byte is 0 makes it 0 a byte early.
    if (numZeros > 0 && numZeros <= 2 && i > headerLength) ends.push(i + 1);
  }
  return ends;
}

const crc8Table = crcTable(8, 0x07);
const crc16Table = crcTable(16, 0x8005);

/** Remainders of each byte, most significant bit first. */
function crcTable(bits: number, polynomial: number): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (bits - 8);
    for (let i = 0; i < 8; i++) crc = (crc & (1 << (bits - 1)) ? (crc << 1) ^ polynomial : crc << 1) & (2 ** bits - 1);
    return crc;
  });
}

function crc8(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = crc8Table[crc ^ bytes[i]];
  return crc;
}
