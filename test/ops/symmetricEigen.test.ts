import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { symmetricEigen } from '../../src/ops/symmetricEigen.js';
import { availableBackends } from '../support/backends.js';
import { scatter } from './numeric.js';

describe.each(availableBackends)('symmetricEigen on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test('second differences: the eigenvalues 2 - 2 cos(k pi / (n + 1)), rising, and leaks nothing', () => {
    const n = 20;
    const before = tf.memory().numTensors;
    const matrix = Float32Array.from({ length: n * n }, (_, at) => {
      const apart = Math.abs(Math.floor(at / n) - (at % n));
      return apart === 0 ? 2 : apart === 1 ? -1 : 0;
    });
    const wanted = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    expect(symmetricEigen(matrix, n).values).toBeAllClose(wanted, { atol: 5e-7 }); // float32's rounding of values up to 4
    expect(tf.memory().numTensors).toBe(before);
  });

  test('any matrix is its vectors, of unit length and at right angles, times its values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 1000 }), (n, seed) => {
        const half = scatter(n * n, seed, 1);
        const matrix = Float32Array.from(half, (value, at) => value + half[(at % n) * n + Math.floor(at / n)]);
        const { values, vectors } = symmetricEigen(matrix, n);
        const sum = (i: number, j: number, weigh: (k: number) => number, across: boolean) => {
          let total = 0;
          for (let k = 0; k < n; k++)
            total += across ? vectors[k * n + i] * vectors[k * n + j] : vectors[i * n + k] * weigh(k) * vectors[j * n + k];
          return total;
        };
        const pairs = Array.from({ length: n * n }, (_, at) => [Math.floor(at / n), at % n] as const);
        // float32's rounding of vectors of length 1, times values of up to 2 n.
        expect(pairs.map(([i, j]) => sum(i, j, (k) => values[k], false))).toBeAllClose(matrix, { atol: 5e-6 });
        expect(pairs.map(([i, j]) => sum(i, j, () => 1, true))).toBeAllClose(
          pairs.map(([i, j]) => (i === j ? 1 : 0)),
          { atol: 1e-6 },
        );
      }),
      { numRuns: 30 },
    );
  });

  test('a value that is not finite is an error', () => {
    expect(() => symmetricEigen(Float32Array.of(1, Number.NaN, Number.NaN, 1), 2)).toThrow(
      'symmetricEigen: the values of the matrix must be finite',
    );
  });
});
