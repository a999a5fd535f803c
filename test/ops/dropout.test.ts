import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { dropout, dropoutMask } from '../../src/ops/dropout.js';
import { hash32, philox4x32 } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';

const key = { seed: 5, step: 12 };

describe('dropoutMask', () => {
  it('reads the half words of the stream named by seed, layer and step', () => {
    const word = philox4x32([0, 0, 12, 0], [5, hash32('dropout.flat')], new Uint32Array(4));
    const halves = [...word].flatMap((value) => [value & 0xffff, value >>> 16]);
    expect([...dropoutMask(7, { rate: 0.25, layer: 'flat', key })]).toEqual(
      halves.slice(0, 7).map((half) => (half < 16384 ? 0 : Math.fround(4 / 3))),
    );
  });

  it('drops the share it is told, other values in another step, layer and seed', () => {
    const size = 100_000;
    for (const rate of [0, 0.1, 0.5]) {
      const dropped = dropoutMask(size, { rate, layer: 'a', key }).filter((value) => value === 0).length;
      // Four standard deviations of a binomial.
      expect(Math.abs(dropped - rate * size)).toBeLessThanOrEqual(4 * Math.sqrt(size * rate * (1 - rate)));
    }
    const masks = [
      { layer: 'a', key },
      { layer: 'b', key },
      { layer: 'a', key: { seed: 5, step: 13 } },
      { layer: 'a', key: { seed: 6, step: 12 } },
    ].map((name) => dropoutMask(64, { rate: 0.5, ...name }).join());
    expect(new Set(masks).size).toBe(4);
  });
});

describe.each(availableBackends)('dropout on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  it('multiplies values and gradients by the mask, without leaks', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const mask = [...dropoutMask(6, { rate: 0.5, layer: 'x', key })];
      const x = [1, 2, 3, 4, 5, 6];
      const dy = [1, 10, 100, -1, -10, -100];
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => tf.sum(tf.mul(dropout(x, { rate: 0.5, layer: 'x', key }), dy)))(
        tf.tensor1d(x),
      );
      expect(grad.dataSync()).toEqual(Float32Array.from(mask, (m, i) => m * dy[i]));
      expect(value.dataSync()[0]).toBe(mask.reduce((sum, m, i) => sum + m * x[i] * dy[i], 0));
    });
    expect(tf.memory().numTensors).toBe(before);
    expect(() => tf.tidy(() => dropout(tf.scalar(1), { rate: 1, layer: 'x', key }))).toThrow(/rate must be in 0 .. 1, 1 excluded, got 1/);
  });
});
