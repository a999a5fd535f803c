import { crc32, deflateSync } from 'node:zlib';
import { AudiosslError } from '../util/errors.js';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * A PNG (ISO/IEC 15948) with a palette: `pixels` are `height` rows of `width` indices into `palette`, which is 3 bytes a colour, at most 256.
 */
export function encodePng({
  width,
  height,
  pixels,
  palette,
}: {
  width: number;
  height: number;
  pixels: Uint8Array;
  palette: Uint8Array;
}): Uint8Array {
  if (pixels.length !== width * height) throw new AudiosslError(`encodePng: needs ${width} x ${height} pixels, got ${pixels.length}`);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, palette, deflate, adaptive filters, not interlaced
  const rows = new Uint8Array(height * (width + 1)); // each row after its filter: 0 = none
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** length, type, data, check sum of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
