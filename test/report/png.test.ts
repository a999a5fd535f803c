import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { colourMap } from '../../src/report/colourMap.js';
import { colourRange } from '../../src/report/colourRange.js';
import { logMelPng } from '../../src/report/logMelPicture.js';
import { encodePng } from '../../src/report/png.js';

/** CRC-32 of ISO/IEC 15948 annex D, bit by bit: the oracle of zlib's. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

/** Reads what encodePng writes: checks every chunk's length and check sum, inflates, takes the filter bytes out. */
function decode(png: Uint8Array) {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; at < png.length; ) {
    const length = view.getUint32(at);
    const type = Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1');
    expect(view.getUint32(at + 8 + length), `check sum of ${type}`).toBe(crc(png.subarray(at + 4, at + 8 + length)));
    chunks.set(type, png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'PLTE', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') ?? new Uint8Array(0);
  const size = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [size.getUint32(0), size.getUint32(4)];
  expect([...header.subarray(8)]).toEqual([8, 3, 0, 0, 0]);
  const raw = inflateSync(chunks.get('IDAT') ?? new Uint8Array(0));
  expect(raw.length).toBe(height * (width + 1));
  const pixels: number[][] = [];
  for (let y = 0; y < height; y++) {
    expect(raw[y * (width + 1)]).toBe(0);
    pixels.push([...raw.subarray(y * (width + 1) + 1, (y + 1) * (width + 1))]);
  }
  return { width, height, pixels, palette: chunks.get('PLTE') };
}

describe('encodePng', () => {
  it('decodes back to its pixels and palette', () => {
    const [width, height] = [37, 11];
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * 7919) % 256);
    const back = decode(encodePng({ width, height, pixels, palette: colourMap }));
    expect([back.width, back.height]).toEqual([width, height]);
    expect(back.pixels.flat()).toEqual([...pixels]);
    expect(back.palette).toEqual(Buffer.from(colourMap));
  });

  it('refuses another number of pixels', () => {
    expect(() => encodePng({ width: 2, height: 2, pixels: new Uint8Array(3), palette: colourMap })).toThrow(/needs 2 x 2 pixels, got 3/);
  });
});

describe('logMelPng', () => {
  it('has time to the right and mel bands upwards, and clips to the range', () => {
    // 2 frames of 3 bands: [frame][mel]
    const data = Float32Array.of(0, 5, 10, -99, 2.5, 99);
    const { width, height, pixels } = decode(logMelPng({ numFrames: 2, nMels: 3, data }, [0, 10]));
    expect([width, height]).toEqual([2, 3]);
    expect(pixels).toEqual([
      [255, 255],
      [128, 64],
      [0, 0],
    ]);
  });

  it('takes the quantiles of 0.5 and 99.5 % as ends, and something to divide by for a constant patch', () => {
    const data = Float32Array.from({ length: 1001 }, (_, i) => (i * 400) % 1001); // 0 .. 1000 in another order
    expect(colourRange(data)).toEqual([5, 995]);
    expect(colourRange(Float32Array.of(3, 3, 3))).toEqual([2.5, 3.5]);
    expect(colourRange(Float32Array.of(Number.NaN))).toEqual([0, 1]);
  });
});

describe('colourMap', () => {
  /** OKLab lightness of an sRGB colour (B. Ottosson 2020). */
  function lightness(i: number): number {
    const [r, g, b] = [0, 1, 2]
      .map((k) => colourMap[3 * i + k] / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  }

  it('rises in lightness in equal steps from dark to light', () => {
    const values = Array.from({ length: 256 }, (_, i) => lightness(i));
    const expected = values.map((_, i) => 0.13 + (i / 255) * 0.83);
    // 8 bits a channel: 1/255 of sRGB is up to 0.007 of lightness near black.
    expect(values).toBeAllClose(expected, { atol: 0.008 });
    for (let i = 4; i < 256; i++) expect(values[i]).toBeGreaterThan(values[i - 4]);
  });
});
