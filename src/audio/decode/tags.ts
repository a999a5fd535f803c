import type { ByteSource } from './byteSource.js';

/** More zeros than this in front of the sound are no longer looked through: they would be a recording's own. */
const maxZeros = 2 ** 26;

/** The first byte from `from` on behind any number of ID3v2 tags. */
export function skipId3(source: ByteSource, from = 0): number {
  let at = from;
  for (;;) {
    const length = id3Length(source.read(at, 10));
    if (length === 0) return at;
    at = Math.min(source.size, at + length);
  }
}

/** Where the recording itself starts: behind any number of ID3v2 tags and the zeros around them. */
export function skipTags(source: ByteSource, from = 0): number {
  const at = skipId3(source, from);
  const behindZeros = skipZeros(source, at);
  if (behindZeros === at) return at;
  return id3Length(source.read(behindZeros, 10)) > 0 ? skipTags(source, behindZeros) : behindZeros;
}

/** Length of the ID3v2 tag at the beginning of `bytes`, 0 without one. */
export function id3Length(bytes: Uint8Array): number {
  if (bytes.length < 10 || bytes[0] !== 0x49 || bytes[1] !== 0x44 || bytes[2] !== 0x33) return 0;
  const size = (bytes[6] & 127) * 2 ** 21 + (bytes[7] & 127) * 2 ** 14 + (bytes[8] & 127) * 2 ** 7 + (bytes[9] & 127);
  const hasFooter = (bytes[5] & 0x10) !== 0;
  return 10 + size + (hasFooter ? 10 : 0);
}

const pieceBytes = 2 ** 16;

/** The first byte from `at` on that is not 0; `at` itself where there is none. */
export function skipZeros(source: ByteSource, at: number): number {
  for (let position = at; position < Math.min(source.size, at + maxZeros); ) {
    const bytes = source.read(position, pieceBytes);
    if (bytes.length === 0) break;
    const found = bytes.findIndex((byte) => byte !== 0);
    if (found >= 0) return position + found;
    position += bytes.length;
  }
  return at;
}
