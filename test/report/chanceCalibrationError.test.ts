import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chanceCalibrationError } from '../../src/report/chanceCalibrationError.js';

/** E|X/n - p| of a binomial X, the sum over its values with probabilities from Pascal's rule: no factorial, no logarithm. */
function meanGap(n: number, p: number): number {
  let row = [1];
  for (let i = 0; i < n; i++) row = Array.from({ length: row.length + 1 }, (_, k) => (1 - p) * (row[k] ?? 0) + p * (row[k - 1] ?? 0));
  return row.reduce((sum, probability, k) => sum + probability * Math.abs(k / n - p), 0);
}

describe('chanceCalibrationError', () => {
  it('is the mean gap of right probabilities, each bin weighing its clips', () => {
    // One clip of probability p is right or wrong: |1 - p| p + p (1 - p).
    expect(chanceCalibrationError([{ numClips: 1, meanConfidence: 0.8 }])).toBeCloseTo(0.32, 12);
    const bin = fc.record({ numClips: fc.integer({ min: 0, max: 90 }), meanConfidence: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(bin, { minLength: 1, maxLength: 5 }), (bins) => {
        const numClips = bins.reduce((sum, one) => sum + one.numClips, 0);
        fc.pre(numClips > 0);
        const expected = bins.reduce(
          (sum, one) => sum + (one.numClips === 0 ? 0 : one.numClips * meanGap(one.numClips, one.meanConfidence)),
          0,
        );
        expect(chanceCalibrationError(bins)).toBeCloseTo(expected / numClips, 10);
      }),
      { numRuns: 60 },
    );
  });

  it('falls with the root of the number of clips: sqrt(2 p q / (pi n))', () => {
    // The normal distribution's value; its error is of the order 1/n.
    expect(chanceCalibrationError([{ numClips: 100_000, meanConfidence: 0.3 }])).toBeCloseTo(Math.sqrt((2 * 0.21) / (Math.PI * 1e5)), 7);
    expect(chanceCalibrationError([{ numClips: 0, meanConfidence: null }])).toBe(0);
  });
});
