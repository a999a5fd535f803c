import { expect, it } from 'vitest';
import { encodeWav16 } from '../../src/util/encodeWav16.js';
import { chunk, formatChunk, riff, sampleBytes } from '../support/wavParts.js';

it('encodeWav16 writes the bytes of a WAV file put together from its chunks', () => {
  const samples = Float32Array.of(0, 0.5, -0.25, 1, -1);
  expect(encodeWav16(samples, 22_050)).toEqual(riff([formatChunk(), chunk('data', sampleBytes(samples))]));
});

it('encodeWav16 cuts off what is beyond full scale', () => {
  const view = new DataView(encodeWav16(Float32Array.of(3, -3), 8000).buffer);
  expect([view.getInt16(44, true), view.getInt16(46, true), view.getUint32(24, true)]).toEqual([32_767, -32_767, 8000]);
});
