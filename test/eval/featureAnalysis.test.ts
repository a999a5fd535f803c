import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { classCosines } from '../../src/eval/classCosines.js';
import { distanceHistogram, otherPairDistances, pairDistances } from '../../src/eval/distanceHistogram.js';
import { analyseSpace } from '../../src/eval/featureAnalysis.js';
import { uniformity } from '../../src/eval/uniformity.js';
import { uniformityInBlocks } from '../../src/eval/uniformityInBlocks.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';

// A two-dimensional toy: piano, violin, rain, snow, two rows each, and with piano and rain swapped.
const toy = [1, 0, 1, 0.2, 1, 0.3, 1, 0.4, 0, 1, 0.2, 1, 0.3, 1, 0.4, 1];
const swapped = [...toy.slice(8, 12), ...toy.slice(4, 8), ...toy.slice(0, 4), ...toy.slice(12)];

function normals(n: number, dim: number, seed: number, shift = 0): Float32Array {
  const rng = new Rng({ seed, purpose: 'test' });
  return Float32Array.from({ length: n * dim }, () => rng.normal() + shift);
}
const unit = (rows: ArrayLike<number>, dim: number): number[][] =>
  Array.from({ length: rows.length / dim }, (_, i) => {
    const row = Array.from({ length: dim }, (_, k) => rows[i * dim + k]);
    return row.map((value) => value / Math.hypot(...row));
  });
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe.each(availableBackends)('uniformityInBlocks on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test('equals the double loop whatever the size of a block, a last small one and one of a single row included', async () => {
    const rows = normals(33, 7, 1, 0.4);
    const expected = uniformity(rows, 7);
    // float32 sums of up to 500 terms.
    for (const blockRows of [1, 8, 16, 32, 64]) expect(await uniformityInBlocks(rows, 7, { blockRows })).toBeCloseTo(expected, 5);
    expect(await uniformityInBlocks(rows, 7, { t: 3, blockRows: 10 })).toBeCloseTo(uniformity(rows, 7, { t: 3 }), 5);
  });

  test('the published value of the toy; 0 for equal rows; -8 for two opposite ones; one row is refused', async () => {
    expect(await uniformityInBlocks(toy, 2)).toBeCloseTo(-0.785126598, 6);
    expect(await uniformityInBlocks([1, 2, 2, 4, 3, 6], 2)).toBeCloseTo(0, 6);
    expect(await uniformityInBlocks([1, 1, -2, -2], 2)).toBeCloseTo(-8, 5);
    await expect(uniformityInBlocks([1, 2], 2)).rejects.toThrow('uniformity: needs at least 2 rows, got 1');
  });
});

describe('classCosines', () => {
  test('equals the means over all pairs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 4 }), fc.nat(), (n, numClasses, seed) => {
        const values = normals(n, 3, seed);
        const labels = Array.from({ length: n }, (_, i) => (i * i) % numClasses);
        const rows = unit(values, 3);
        const [same, other]: number[][] = [[], []];
        rows.forEach((a, i) => {
          rows.forEach((b, j) => {
            if (i !== j) (labels[i] === labels[j] ? same : other).push(dot(a, b));
          });
        });
        const got = classCosines(values, labels, 3);
        for (const [value, expected] of [
          [got.same, same],
          [got.other, other],
        ] as const) {
          if (expected.length === 0) expect(value).toBeNull();
          else expect(value).toBeCloseTo(mean(expected), 9);
        }
      }),
    );
  });
});

describe('distances', () => {
  test('pairs: |a - b| of unit rows, whatever their length', () => {
    expect(pairDistances([1, 0, 0, 2, 3, 0], [5, 0, 3, 0, -1, 0], 2)).toBeAllClose([0, Math.SQRT2, 2], { atol: 1e-12 });
    expect(() => pairDistances([1, 0], [1, 0, 0, 1], 2)).toThrow(/same shape, got 2 and 4 values/);
  });

  test('other pairs: all of them, or a sample that the seed names and whose mean is theirs', () => {
    const values = normals(60, 5, 2);
    const rows = unit(values, 5);
    const all = rows.flatMap((a, i) => rows.slice(i + 1).map((b) => Math.hypot(...a.map((value, k) => value - b[k]))));
    expect(otherPairDistances(values, 5, { seed: 1 })).toBeAllClose(all, { atol: 1e-7 });
    const sample = otherPairDistances(values, 5, { seed: 1, most: 1000 });
    expect(sample).toHaveLength(1000);
    expect(sample).toEqual(otherPairDistances(values, 5, { seed: 1, most: 1000 }));
    expect(sample).not.toEqual(otherPairDistances(values, 5, { seed: 2, most: 1000 }));
    // A row against itself would give 0.
    expect(Math.min(...sample)).toBeGreaterThan(0.01);
    // Standard error of a mean of 1,000 draws with a deviation of 0.33: 0.01.
    expect(mean([...sample])).toBeCloseTo(mean(all), 1);
  });

  test('the histogram: bins of 0.02 with 2 in the last one, moments of the distances themselves', () => {
    const { counts, low, high, numPairs, ...moments } = distanceHistogram(Float64Array.of(0, 0.019, 0.02, 1.5, 2, 2.0000001));
    expect([low, high, numPairs, counts.length]).toEqual([0, 2, 6, 100]);
    expect(counts.flatMap((n, bin) => (n > 0 ? [[bin, n]] : []))).toEqual([
      [0, 2],
      [1, 1],
      [75, 1],
      [99, 2],
    ]);
    // numpy: mean, std, median of [0, .019, .02, 1.5, 2, 2]
    expect([moments.mean, moments.standardDeviation, moments.median]).toBeAllClose([0.9231667, 0.9253235, 0.76], { atol: 1e-6 });
    expect(distanceHistogram(Float64Array.of(1, 3, 2)).median).toBe(2);
    expect(() => distanceHistogram(new Float64Array(0))).toThrow(/at least 1 pair/);
  });
});

describe('analyseSpace', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  const labels = [0, 0, 0, 0, 1, 1, 1, 1];

  test('the toy of the paper: swapping clips between classes is seen by what knows labels alone', async () => {
    const twice = (values: number[]) => ({ first: Float32Array.from(values), second: Float32Array.from(values), dim: 2 });
    const [plain, after] = [await analyseSpace(twice(toy), labels), await analyseSpace(twice(swapped), labels)];
    expect(plain.uniformity).toBeCloseTo(-0.785126598, 5);
    expect(after.uniformity).toBeCloseTo(plain.uniformity, 6);
    expect([plain.alignment, after.alignment]).toEqual([0, 0]);
    // 0.9736 and 0.6085 are printed for one view.
    expect([plain.sameClassCosine, after.sameClassCosine]).toBeAllClose([0.9736, 0.6085], { atol: 5e-5 });
    // Stacked twice, a row meets its twin with cosine 1: (2 x 12 x 2 T + 8 x 2) / (2 x 8 x 7) a view pair.
    const stacked = (t: number) => (4 * 24 * t + 16) / 112;
    expect([plain.tolerance, after.tolerance]).toBeAllClose([stacked(0.97358), stacked(0.60854)], { atol: 5e-5 });
  });

  test('equals loops over both views for tolerance and over the first for uniformity', async () => {
    const [first, second] = [normals(8, 4, 5, 0.5), normals(8, 4, 6, 0.5)];
    const result = await analyseSpace({ first, second, dim: 4 }, labels);
    const rows = [...unit(first, 4), ...unit(second, 4)];
    const both = [...labels, ...labels];
    const same = rows.flatMap((a, i) => rows.flatMap((b, j) => (i !== j && both[i] === both[j] ? [dot(a, b)] : [])));
    expect(result.tolerance).toBeCloseTo(mean(same), 6);
    expect(result.uniformity).toBeCloseTo(uniformity(first, 4), 5);
  });

  test('clips without a label count for uniformity and alignment only; without any label there is no tolerance', async () => {
    const pairs = { first: normals(6, 3, 7), second: normals(6, 3, 8), dim: 3 };
    const some = await analyseSpace(pairs, [0, -1, 0, 1, -1, 1]);
    const kept = [0, 2, 3, 5].flatMap((row) => [...pairs.first.subarray(row * 3, row * 3 + 3)]);
    expect(some.sameClassCosine).toBeCloseTo(classCosines(kept, [0, 0, 1, 1], 3).same as number, 12);
    expect(some.uniformity).toBeCloseTo(uniformity(pairs.first, 3), 5);
    const none = await analyseSpace(pairs, [-1, -1, -1, -1, -1, -1]);
    expect(none).toMatchObject({ tolerance: null, sameClassCosine: null, otherClassCosine: null, uniformity: some.uniformity });
  });
});
