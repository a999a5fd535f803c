import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { gaussianNoise } from '../../src/ops/gaussianNoise.js';
import { philox4x32 } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';

interface Golden {
  bins: number[];
  results: { key: [number, number]; values: number[] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('../golden/ops/gaussianNoise.json', import.meta.url), 'utf8'));

/** The definition, bin by bin, on the generator of util/rng. */
function normal(key: ArrayLike<number>, bin: number): number {
  const words = philox4x32([Math.floor(bin / 4), 0, 0, 0], key, new Uint32Array(4));
  const pair = bin % 4 < 2 ? 0 : 2;
  const radius = Math.sqrt(-2 * Math.log(((words[pair] >>> 8) + 1) / 2 ** 24));
  const angle = 2 * Math.PI * ((words[pair + 1] >>> 8) / 2 ** 24);
  return radius * (bin % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}

async function noise(keys: number[], standardDeviations: number[], shape: [number, number, number]): Promise<Float32Array> {
  const before = tf.memory().numTensors;
  const out = gaussianNoise(Uint32Array.from(keys), standardDeviations, shape);
  expect(tf.memory().numTensors).toBe(before + 1);
  expect([out.shape, out.dtype]).toEqual([shape, 'float32']);
  const values = Float32Array.from(await out.data());
  out.dispose();
  return values;
}

const mean = (values: Iterable<number>, f: (value: number) => number): number => {
  let [sum, count] = [0, 0];
  for (const value of values) {
    sum += f(value);
    count++;
  }
  return sum / count;
};

describe.each(availableBackends)('gaussianNoise on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('gives the golden values', async () => {
    const keys = golden.results.flatMap(({ key }) => key);
    const out = await noise(keys, [1, 1, 1], [3, 101, 96]);
    const chosen = golden.results.flatMap((_, b) => golden.bins.map((bin) => out[b * 9696 + bin]));
    expect(chosen).toBeAllClose(
      golden.results.flatMap(({ values }) => values),
      { atol: 1e-6 },
    );
  });

  it('is the definition for any key, scale and row size, the last block cut short', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 0xffffffff }),
            fc.integer({ min: 0, max: 0xffffffff }),
            fc.float({ min: 0, max: 1, noNaN: true }),
          ),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        fc.integer({ min: 1, max: 23 }),
        async (rows, rowSize) => {
          const out = await noise(
            rows.flatMap((row) => row.slice(0, 2)),
            rows.map(([, , deviation]) => deviation),
            [rows.length, 1, rowSize],
          );
          const expected = rows.flatMap(([a, b, deviation]) => Array.from({ length: rowSize }, (_, i) => deviation * normal([a, b], i)));
          expect(out).toBeAllClose(expected, { atol: 1e-6 });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is standard normal, and independent between bins and between neighbouring keys', async () => {
    const n = 200 * 1000;
    const out = await noise([1, 2, 2, 2, 1, 3], [1, 1, 1], [3, 200, 1000]);
    for (let row = 0; row < 3; row++) {
      const values = out.subarray(row * n, (row + 1) * n);
      // Five standard errors of each moment of a normal sample.
      expect(Math.abs(mean(values, (v) => v))).toBeLessThan(5 / Math.sqrt(n));
      expect(Math.abs(mean(values, (v) => v * v) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
      expect(Math.abs(mean(values, (v) => v ** 3))).toBeLessThan(5 * Math.sqrt(15 / n));
      expect(Math.abs(mean(values, (v) => v ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
      expect(Math.abs(mean(values, (v) => (Math.abs(v) > 1.959964 ? 1 : 0)) - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / n));
      for (const lag of [1, 2, 3, 4]) {
        const products = Array.from({ length: n - lag }, (_, i) => values[i] * values[i + lag]);
        expect(Math.abs(mean(products, (v) => v))).toBeLessThan(5 / Math.sqrt(n));
      }
      const other = out.subarray(((row + 1) % 3) * n, ((row + 1) % 3) * n + n);
      const crossed = Array.from(values, (v, i) => v * other[i]);
      expect(Math.abs(mean(crossed, (v) => v))).toBeLessThan(5 / Math.sqrt(n));
    }
  });

  it('refuses counts that do not fit the shape', () => {
    expect(() => gaussianNoise(new Uint32Array(2), [1, 1], [2, 3])).toThrow(
      'gaussianNoise: shape [2,3] needs 4 key words and 2 standard deviations, got 2 and 2',
    );
  });
});
