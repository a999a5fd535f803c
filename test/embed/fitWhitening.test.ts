import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { chainWhitenings, fitWhitening } from '../../src/embed/fitWhitening.js';
import type { Whitening } from '../../src/model/whitening.js';
import golden from '../golden/embed/whitening.json' with { type: 'json' };

beforeAll(() => setBackend({ backend: 'cpu' }));

/** `[n, dim]`, values that hang together and are of very different sizes. */
function rowsOf(n: number, dim: number, seed = 1): Float32Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const out = new Float32Array(n * dim);
  for (let row = 0; row < n; row++) {
    const shared = next();
    for (let i = 0; i < dim; i++)
      out[row * dim + i] = 10 ** (i % 3) * (3 + shared + next() + (i > 0 ? 0.3 * out[row * dim + i - 1] : 0)) * 0.1;
  }
  return out;
}

/** A plain loop in float64. */
function apply({ weight, bias }: Whitening, rows: Float32Array): Float64Array {
  const dim = bias.length;
  return Float64Array.from(rows, (_, at) => {
    const [row, j] = [Math.floor(at / dim), at % dim];
    let sum = bias[j];
    for (let i = 0; i < dim; i++) sum += rows[row * dim + i] * weight[i * dim + j];
    return sum;
  });
}

function covariance(rows: ArrayLike<number>, dim: number): { mean: number[]; matrix: number[] } {
  const n = rows.length / dim;
  const mean = Array.from({ length: dim }, (_, i) => {
    let sum = 0;
    for (let row = 0; row < n; row++) sum += rows[row * dim + i] / n;
    return sum;
  });
  const matrix = Array.from({ length: dim * dim }, (_, at) => {
    const [i, j] = [Math.floor(at / dim), at % dim];
    let sum = 0;
    for (let row = 0; row < n; row++) sum += ((rows[row * dim + i] - mean[i]) * (rows[row * dim + j] - mean[j])) / n;
    return sum;
  });
  return { mean, matrix };
}

const identity = (dim: number) => Array.from({ length: dim * dim }, (_, at) => (at % (dim + 1) === 0 ? 1 : 0));

describe('fitWhitening', () => {
  it('equals NumPy in float64, with and without shrinkage', () => {
    for (const { shrinkage, weight, bias } of golden.cases) {
      const found = fitWhitening(Float32Array.from(golden.rows), { dim: golden.dim, shrinkage });
      // Products of standardised rows are summed in float32: 1e-6 of values about 1, times the condition of the correlations (about 30).
      expect(found.weight).toBeAllClose(weight, { rtol: 1e-4, atol: 3e-5 });
      expect(found.bias).toBeAllClose(bias, { rtol: 1e-4, atol: 3e-5 });
    }
  });

  it('without shrinkage makes the covariance of its own rows the identity and their mean 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 1000 }), (dim, seed) => {
        const rows = rowsOf(60, dim, seed);
        const { mean, matrix } = covariance(apply(fitWhitening(rows, { dim, shrinkage: 0 }), rows), dim);
        expect(matrix).toBeAllClose(identity(dim), { atol: 1e-3 });
        expect(mean).toBeAllClose(Array(dim).fill(0), { atol: 1e-3 });
      }),
      { numRuns: 30 },
    );
  });

  it('with all of the shrinkage standardises and no more', () => {
    const dim = 4;
    const rows = rowsOf(30, dim);
    const { weight } = fitWhitening(rows, { dim, shrinkage: 1 });
    const { matrix } = covariance(rows, dim);
    const expected = identity(dim).map((one, at) => (one === 0 ? 0 : 1 / Math.sqrt(matrix[at])));
    expect(weight).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-9 });
  });

  it('does not care about the scale and the offset of a value', () => {
    const dim = 5;
    const rows = rowsOf(50, dim);
    const changed = rows.map((value, i) => (i % dim === 2 ? 40 * value - 7 : value));
    const options = { dim, shrinkage: 0.2 };
    const before = apply(fitWhitening(rows, options), rows);
    expect(apply(fitWhitening(changed, options), changed)).toBeAllClose(before, { atol: 2e-4 });
  });

  it('makes 0 of a value that never changes, and works with fewer rows than values', () => {
    const dim = 12;
    const rows = rowsOf(6, dim).map((value, i) => (i % dim === 3 ? 0.25 : value));
    const out = apply(fitWhitening(rows, { dim, shrinkage: 0.1 }), rows);
    expect(out.every(Number.isFinite)).toBe(true);
    expect(out.filter((_, i) => i % dim === 3)).toEqual(new Float64Array(6));
  });

  it('says what is wrong', () => {
    const rows = rowsOf(6, 8);
    expect(() => fitWhitening(rows, { dim: 8, shrinkage: 1.5 })).toThrow('the shrinkage must be from 0 to 1, got 1.5');
    expect(() => fitWhitening(rows, { dim: 8, shrinkage: 0 })).toThrow(/8 values cannot be told apart by so few or so similar recordings/);
    expect(() => fitWhitening(rows.subarray(0, 8), { dim: 8, shrinkage: 0.1 })).toThrow('needs 2 recordings at least, got 1');
    expect(() =>
      fitWhitening(
        rows.map(() => Number.NaN),
        { dim: 8, shrinkage: 0.1 },
      ),
    ).toThrow('must be finite');
  });
});

describe('chainWhitenings', () => {
  it('is one map after the other', () => {
    const dim = 4;
    const rows = rowsOf(30, dim);
    const first = fitWhitening(rows, { dim, shrinkage: 0.3 });
    const between = Float32Array.from(apply(first, rows));
    const second = fitWhitening(between, { dim, shrinkage: 0 });
    expect(apply(chainWhitenings(first, second), rows)).toBeAllClose(apply(second, between), { rtol: 1e-4, atol: 1e-4 });
  });
});
