import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wilsonInterval } from '../../../src/eval/intervals.js';
import { chiSquareTail } from '../../../src/eval/statistics/chiSquareTail.js';
import { holm } from '../../../src/eval/statistics/holm.js';
import { percentileInterval } from '../../../src/eval/statistics/interval.js';
import { discordantClips, mcnemarTest } from '../../../src/eval/statistics/mcnemarTest.js';
import { seedSummary } from '../../../src/eval/statistics/seedSummary.js';
import golden from '../../golden/eval/significance.json' with { type: 'json' };

describe('mcnemarTest', () => {
  test("statsmodels' exact test", () => {
    for (const [aOnly, bOnly, statistic, pValue] of golden.mcnemarExact) {
      const result = mcnemarTest({ aOnly, bOnly });
      expect(result).toMatchObject({ aOnly, bOnly, statistic, method: 'exact' });
      // Relative: the tail of 400 against 120 is 3e-36.
      expect(result.pValue / pValue).toBeCloseTo(1, 10);
    }
  });

  test("statsmodels' chi-square with continuity", () => {
    for (const [aOnly, bOnly, statistic, pValue] of golden.mcnemarChiSquare) {
      const result = mcnemarTest({ aOnly, bOnly, exact: false });
      expect(result.method).toBe('chiSquare');
      expect([result.statistic, result.pValue / pValue]).toBeAllClose([statistic, 1], { rtol: 1e-10 });
    }
  });

  test('equal counts are no difference', () => {
    for (const n of [0, 1, 8, 200]) {
      for (const exact of [true, false]) expect(mcnemarTest({ aOnly: n, bOnly: n, exact }).pValue).toBe(1);
    }
  });

  test('numbers of clips only', () => {
    expect(() => mcnemarTest({ aOnly: -1, bOnly: 2 })).toThrow(/must be numbers of clips, got -1 and 2/);
    expect(() => mcnemarTest({ aOnly: 1.5, bOnly: 2 })).toThrow(/got 1.5/);
  });

  test('discordant clips are counted, concordant ones are not', () => {
    expect(discordantClips([1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0])).toEqual({ aOnly: 2, bOnly: 1 });
    expect(() => discordantClips([1], [1, 0])).toThrow(/the same clips, got 1 and 2/);
  });
});

describe('chiSquareTail', () => {
  test("scipy's chi2.sf, from the middle to 1e-154", () => {
    for (const [x, tail] of golden.chiSquareTail) expect(chiSquareTail(x) / tail).toBeCloseTo(1, 11);
  });
});

describe('holm', () => {
  test("statsmodels' multipletests", () => {
    for (const [pValues, corrected] of golden.holm as [number[], number[]][]) {
      expect(holm(pValues)).toBeAllClose(corrected, { atol: 1e-14 });
    }
  });

  const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

  test('lies between no correction and Bonferroni, and keeps the order', () => {
    fc.assert(
      fc.property(pValues, (ps) => {
        const corrected = holm(ps);
        ps.forEach((p, i) => {
          expect(corrected[i]).toBeGreaterThanOrEqual(p);
          expect(corrected[i]).toBeLessThanOrEqual(Math.min(1, p * ps.length));
          ps.forEach((other, j) => {
            if (p < other) expect(corrected[i]).toBeLessThanOrEqual(corrected[j]);
          });
        });
      }),
    );
  });

  test('the order of the tests does not matter', () => {
    fc.assert(
      fc.property(pValues, (ps) => {
        expect(holm([...ps].reverse()).reverse()).toEqual(holm(ps));
      }),
    );
  });

  test('refuses what is no p-value', () => {
    expect(() => holm([0.2, 1.2])).toThrow(/in 0 \.\. 1, got 1.2/);
    expect(() => holm([Number.NaN])).toThrow(/got NaN/);
  });
});

describe('seedSummary', () => {
  test("numpy's mean and std(ddof=1)", () => {
    const { mean, standardDeviation, n } = seedSummary(golden.seeds.values);
    expect([mean, standardDeviation ?? Number.NaN, n]).toBeAllClose([golden.seeds.mean, golden.seeds.standardDeviation, 5], {
      atol: 1e-14,
    });
  });

  test('one seed says nothing about spread', () => {
    expect(seedSummary([0.7])).toEqual({ mean: 0.7, standardDeviation: null, n: 1 });
    expect(seedSummary([0.7, 0.7]).standardDeviation).toBe(0);
    expect(() => seedSummary([])).toThrow(/at least 1/);
    expect(() => seedSummary([1, Number.NaN])).toThrow(/value 2 is NaN/);
  });
});

test('a percentile interval by hand: draws without a value do not count, the deviation is that of a sample', () => {
  const { low, high, standardError } = percentileInterval({ estimate: 3, draws: Float64Array.of(4, Number.NaN, 1, 3, 2, Number.NaN) });
  // Linear between order statistics: 1 + 3 x 0.025 and 1 + 3 x 0.975; squares 2.25 + 0.25 + 0.25 + 2.25 over 3.
  expect([low, high, standardError]).toBeAllClose([1.075, 3.925, Math.sqrt(5 / 3)], { atol: 1e-14 });
});

test("Wilson's interval equals statsmodels'", () => {
  for (const [right, trials, low, high] of golden.wilson) {
    expect(wilsonInterval(right, trials) ?? []).toBeAllClose([low, high], { atol: 1e-12 });
  }
});
