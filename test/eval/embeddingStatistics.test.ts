import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignment } from '../../src/eval/alignment.js';
import { embeddingSpread } from '../../src/eval/embeddingSpread.js';
import { symmetricEigenvalues } from '../../src/eval/symmetricEigenvalues.js';
import { tolerance } from '../../src/eval/tolerance.js';
import { uniformity } from '../../src/eval/uniformity.js';
import golden from '../golden/eval/statistics.json' with { type: 'json' };

// Rows are a1, a2, b1, b2 with positive pairs a1-b1 and a2-b2.
const z = [1, 0.2, -0.3, 0.1, 1, 0.4, 0.9, 0.4, -0.1, -0.2, 0.8, 0.7];
// A two-dimensional toy: piano, violin, rain, snow, two rows each.
const toy = [1, 0, 1, 0.2, 1, 0.3, 1, 0.4, 0, 1, 0.2, 1, 0.3, 1, 0.4, 1];
const swapped = [...toy.slice(8, 12), ...toy.slice(4, 8), ...toy.slice(0, 4), ...toy.slice(12)];
// No zeros: a row of zeros has no direction.
const value = fc.integer({ min: 1, max: 60 }).map((n) => (n % 2 === 0 ? n : -n) / 20);
const rows = fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 2, maxLength: 9 });

describe('uniformity', () => {
  test('the published values', () => {
    // 1e-9: the reference prints nine digits.
    expect([uniformity(z, 3), uniformity(toy, 2), uniformity(swapped, 2)]).toBeAllClose([-1.259940516, -0.785126598, -0.785126598], {
      atol: 1e-9,
    });
  });

  test('0 when all rows are equal, -t |x - y|^2 for two rows, whatever their length', () => {
    expect(uniformity([1, 2, 2, 4, 0.5, 1], 2)).toBeCloseTo(0, 12);
    expect(uniformity([3, 0, 0, 0.1], 2, { t: 3 })).toBeCloseTo(-6, 12);
  });

  test('equals the double loop', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const unit = given.map((row) => row.map((value) => value / Math.max(Math.hypot(...row), 1e-12)));
        let [sum, pairs] = [0, 0];
        for (let a = 0; a < unit.length; a++)
          for (let b = 0; b < unit.length; b++) {
            if (a === b) continue;
            sum += Math.exp(-2 * unit[a].reduce((squares, value, i) => squares + (value - unit[b][i]) ** 2, 0));
            pairs++;
          }
        expect(uniformity(given.flat(), 3)).toBeCloseTo(Math.log(sum / pairs), 9);
      }),
    );
  });

  test('one row is refused', () => {
    expect(() => uniformity([1, 2], 2)).toThrow(/at least 2 rows, got 1/);
    expect(() => uniformity([1, 2, 3], 2)).toThrow(/row of 2 values, got 3 values/);
  });
});

describe('tolerance', () => {
  test('the published values of the toy: only it sees the swap', () => {
    const labels = [0, 0, 0, 0, 1, 1, 1, 1];
    expect([tolerance(toy, labels, 2), tolerance(swapped, labels, 2)]).toBeAllClose([0.9736, 0.6085], { atol: 5e-5 });
  });

  test('equals the mean over all ordered pairs of a class, pooled', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const labels = given.map((_, i) => i % 2);
        const unit = given.map((row) => row.map((value) => value / Math.max(Math.hypot(...row), 1e-12)));
        const cosines = unit.flatMap((a, i) =>
          unit.flatMap((b, j) => (i !== j && labels[i] === labels[j] ? [a.reduce((sum, value, k) => sum + value * b[k], 0)] : [])),
        );
        fc.pre(cosines.length > 0);
        expect(tolerance(given.flat(), labels, 3)).toBeCloseTo(cosines.reduce((a, b) => a + b, 0) / cosines.length, 9);
      }),
    );
  });

  test('classes of one row each are refused', () => {
    expect(() => tolerance(toy, [0, 1, 2, 3, 4, 5, 6, 7], 2)).toThrow(/class with at least 2 rows/);
    expect(() => tolerance(toy, [0, 1], 2)).toThrow(/needs 8 labels, got 2/);
  });
});

test('alignment: the published values for both exponents, symmetric', () => {
  const [a, b] = [z.slice(0, 6), z.slice(6)];
  const values = [alignment(a, b, 3), alignment(a, b, 3, { exponent: 1 }), alignment(b, a, 3)];
  expect(values).toBeAllClose([0.134242799, 0.358634335, 0.134242799], { atol: 1e-9 });
  expect(alignment(a, a, 3)).toBe(0);
});

describe('embeddingSpread', () => {
  const e = Array.from({ length: 480 }, (_, i) => Math.cos(i * 0.37) + 0.3);

  test('numpy values, for more and for fewer rows than dimensions', () => {
    const { standardDeviation, effectiveRank, relativeSpread } = embeddingSpread(e, 12);
    expect([standardDeviation, effectiveRank]).toBeAllClose([golden.spread.standardDeviation, golden.spread.effectiveRank], { rtol: 1e-9 });
    expect(embeddingSpread(e.slice(0, 60), 12).effectiveRank).toBeCloseTo(golden.effectiveRankOfFiveRows, 6);
    expect(relativeSpread).toBeLessThanOrEqual(1);
  });

  test('equal rows have no spread and rank 1; an orthonormal set has its full rank', () => {
    const same = embeddingSpread([1, 2, 3, 2, 4, 6], 3);
    expect([same.standardDeviation, same.relativeSpread]).toBeAllClose([0, 0], { atol: 1e-12 });
    expect(same.effectiveRank).toBeCloseTo(1, 6);
    expect(embeddingSpread([1, 0, 0, 0, 1, 0, 0, 0, 1], 3).effectiveRank).toBeCloseTo(3, 12);
  });
});

test('symmetricEigenvalues: trace, sum of squares and determinant-free moments of random matrices', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (n, seed) => {
      const a = new Float64Array(n * n);
      for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = Math.sin(seed + 13 * i + 7 * j * j);
      const times = (x: Float64Array, y: Float64Array) => {
        const out = new Float64Array(n * n);
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) out[i * n + j] += x[i * n + k] * y[k * n + j];
        return out;
      };
      const trace = (x: Float64Array) => Array.from({ length: n }, (_, i) => x[i * n + i]).reduce((sum, value) => sum + value, 0);
      // The first n power sums determine the eigenvalues; four of them are enough to catch a wrong rotation.
      const expected: number[] = [];
      let power = a.slice();
      for (let k = 0; k < 4; k++) {
        expected.push(trace(power));
        power = times(power, a);
      }
      const values = symmetricEigenvalues(a.slice(), n);
      const got = [1, 2, 3, 4].map((k) => values.reduce((sum, value) => sum + value ** k, 0));
      expect(got).toBeAllClose(expected, { rtol: 1e-9, atol: 1e-8 });
    }),
  );
});
