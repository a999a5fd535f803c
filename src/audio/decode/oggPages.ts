import type { ByteSource } from './byteSource.js';

/** One page of an Ogg file whose checksum is right. */
export interface OggPage {
  serial: number;
  sequence: number;
  /** Position at the end of the last packet that ends here, in the codec's units; undefined where none ends. */
  granule?: number;
  /** Its first bytes go on with the packet of the page before. */
  isContinued: boolean;
  isFirst: boolean;
  isLast: boolean;
  /** The pieces of packets, in order; the last one is a whole one's end unless `isOpen`. */
  pieces: Uint8Array[];
  /** The last piece goes on on the next page. */
  isOpen: boolean;
}

export interface OggWalk {
  /** Pages whose checksum is wrong, by their number; they are left out. */
  badPages: number[];
  /** The last page is cut off. */
  isCut: boolean;
  /** Bytes between pages that are no page. */
  numSkipped: number;
}

const headBytes = 27 + 255;
const maxPageBytes = headBytes + 255 * 255;
const searchBytes = 2 ** 20;

/** Walks the pages of an Ogg file from byte `at` on; what is wrong is noted in `walk`. What stands behind the last page does not matter. */
export function* oggPages(source: ByteSource, at: number, walk: OggWalk): Generator<OggPage, void> {
  let position = at;
  while (position + 27 <= source.size) {
    const bytes = source.read(position, maxPageBytes);
    const isPage = bytes[0] === 0x4f && bytes[1] === 0x67 && bytes[2] === 0x67 && bytes[3] === 0x53 && bytes[4] === 0;
    if (!isPage) {
      const next = nextPage(source, position + 1);
      if (next === undefined) return;
      walk.numSkipped += next - position;
      position = next;
      continue;
    }
    const numSegments = bytes[26];
    let end = 27 + numSegments;
    for (let i = 27; i < Math.min(27 + numSegments, bytes.length); i++) end += bytes[i];
    if (end > bytes.length) {
      walk.isCut = true;
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, end);
    if (view.getUint32(22, true) !== pageChecksum(bytes, end)) {
      walk.badPages.push(view.getUint32(18, true));
      // Its length may be what is wrong.
      position = nextPage(source, position + 4) ?? source.size;
      continue;
    }
    yield readPage(bytes, view, numSegments);
    position += end;
  }
}

function readPage(bytes: Uint8Array, view: DataView, numSegments: number): OggPage {
  const pieces: Uint8Array[] = [];
  let start = 27 + numSegments;
  let end = start;
  let isOpen = false;
  for (let i = 27; i < 27 + numSegments; i++) {
    end += bytes[i];
    isOpen = bytes[i] === 255;
    if (isOpen && i + 1 < 27 + numSegments) continue;
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  const flags = bytes[5];
  const granule = view.getBigInt64(6, true);
  return {
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    granule: granule >= 0n ? Number(granule) : undefined,
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    pieces,
    isOpen,
  };
}

function nextPage(source: ByteSource, from: number): number | undefined {
  for (let at = from; at < source.size; at += searchBytes) {
    const bytes = source.read(at, searchBytes + 3);
    for (let found = bytes.indexOf(0x4f); found >= 0; found = bytes.indexOf(0x4f, found + 1)) {
      if (bytes[found + 1] === 0x67 && bytes[found + 2] === 0x67 && bytes[found + 3] === 0x53) return at + found;
    }
  }
  return undefined;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

/** CRC-32 (polynomial 0x04c11db7, no reflection) of the page with its checksum field as zeros. */
function pageChecksum(bytes: Uint8Array, end: number): number {
  let crc = 0;
  for (let i = 0; i < end; i++) {
    const byte = i >= 22 && i < 26 ? 0 : bytes[i];
    crc = (crc << 8) ^ crcTable[(crc >>> 24) ^ byte];
  }
  return crc >>> 0;
}
