import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { uniformity } from '../../src/eval/uniformity.js';
import { uniformityInBlocks } from '../../src/eval/uniformityInBlocks.js';
import { angularMarginLoss } from '../../src/loss/angularMarginLoss.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';

/** What every backend must do with long sums and with NaN, whatever its own kernels do. */
describe.each(availableBackends)('reductions on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('adds ten million values without losing them', () => {
    const [sum, mean] = tf.tidy(() => {
      const x = tf.fill([10_000_000], 0.1);
      return [tf.sum(x).dataSync()[0], tf.mean(x).dataSync()[0]];
    });
    // float32's 0.1 is 0.100000001490116.
    expect(Math.abs(sum / 1_000_000.0149 - 1)).toBeLessThan(1e-6);
    expect(Math.abs(mean / 0.100000001490116 - 1)).toBeLessThan(1e-6);
  });

  it.each([
    [[0], [500, 3, 4]],
    [
      [0, 1],
      [70, 5, 6],
    ],
    [[2], [3, 4, 500]],
    [
      [1, 2],
      [3, 40, 50],
    ],
    [[1], [3, 500, 4]],
    [
      [0, 2],
      [30, 4, 50],
    ],
    [
      [0, 1, 2],
      [10, 11, 12],
    ],
    [[-1], [2, 3, 65]],
    [[1], [2, 3, 4]],
  ])('adds over axes %j of %j', (axes, shape) => {
    const rng = new Rng({ seed: 7, purpose: 'reductions' });
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.normal());
    const positive = axes.map((axis) => (axis + shape.length) % shape.length);
    const keptShape = shape.map((size, at) => (positive.includes(at) ? 1 : size));
    const expected = new Float64Array(keptShape.reduce((a, b) => a * b));
    values.forEach((value, flat) => {
      const [i, j, k] = [Math.floor(flat / (shape[1] * shape[2])), Math.floor(flat / shape[2]) % shape[1], flat % shape[2]];
      const at = [i, j, k].map((index, axis) => (positive.includes(axis) ? 0 : index));
      expected[(at[0] * keptShape[1] + at[1]) * keptShape[2] + at[2]] += value;
    });
    const count = values.length / expected.length;
    tf.tidy(() => {
      const x = tf.tensor(values, shape);
      const sum = tf.sum(x, axes, true);
      expect(sum.shape).toEqual(keptShape);
      // A sum of n normal values and its float32 roundings.
      expect(sum.dataSync()).toBeAllClose(expected, { atol: 1e-6 * Math.sqrt(values.length), rtol: 1e-6 });
      expect(tf.sum(x, axes).shape).toEqual(shape.filter((_, at) => !positive.includes(at)));
      expect(tf.mean(x, axes).dataSync()).toBeAllClose(
        expected.map((value) => value / count),
        { atol: 1e-6, rtol: 1e-6 },
      );
    });
    expect(tf.memory().numTensors).toBe(0);
  });

  it('keeps NaN through a clip, so that a broken loss is seen', () => {
    tf.tidy(() => {
      expect([...tf.clipByValue([Number.NaN, -3, 0.5, 3, Number.POSITIVE_INFINITY], -1, 1).dataSync()]).toEqual([
        Number.NaN,
        -1,
        0.5,
        1,
        1,
      ]);
      const rows = tf.tensor2d([1, 2, Number.NaN, 1, 3, 1, 2, 2], [4, 2]);
      expect(Number.isFinite(angularMarginLoss(rows, tf.ones([4, 2])).dataSync()[0])).toBe(false);
    });
  });

  it('measures the uniformity of nearly collapsed embeddings', async () => {
    const rng = new Rng({ seed: 9, purpose: 'collapsed' });
    const [n, dim] = [2048, 16];
    const rows = Float32Array.from({ length: n * dim }, (_, i) => (i % dim === 0 ? 1 : 0.04 * rng.normal()));
    expect(Math.abs((await uniformityInBlocks(rows, dim)) - uniformity(rows, dim))).toBeLessThan(1e-5);
  });
});
