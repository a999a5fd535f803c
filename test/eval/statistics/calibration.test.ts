import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibration } from '../../../src/eval/statistics/calibration.js';
import { calibrationRecord } from '../../../src/run/evaluationRecord.js';
import golden from '../../golden/eval/significance.json' with { type: 'json' };

describe('calibration', () => {
  test("numpy's values", () => {
    const [n, k] = [200, 4];
    const probabilities = Array.from({ length: n }, (_, i) => {
      const exps = Array.from({ length: k }, (_, j) => Math.exp(2 * Math.sin((i * k + j) * 0.83)));
      const sum = exps.reduce((a, b) => a + b, 0);
      return exps.map((value) => value / sum);
    });
    const labels = Array.from({ length: n }, (_, i) => ((i * 7) % 11) % k);
    const result = calibration({ probabilities, labels });
    const { sizes, ...scalars } = golden.calibration;
    for (const [name, value] of Object.entries(scalars)) {
      expect(result[name as keyof typeof scalars], name).toBeCloseTo(value, 12);
    }
    expect(result.bins.map(({ numClips }) => numClips)).toEqual(sizes);
  });

  test('counted by hand: two bins, one of them empty, edges belong to the bin below', () => {
    const result = calibration({
      probabilities: [
        [1, 0],
        [0.75, 0.25],
        [0.5, 0.5],
        [0.25, 0.75],
      ],
      labels: [0, 1, 0, 1],
      bins: 4,
    });
    // Confidences 1, 0.75, 0.5, 0.75 with right 1, 0, 1 (tie to class 0), 1.
    expect(result.bins).toEqual([
      { low: 0, high: 0.25, numClips: 0, meanConfidence: null, accuracy: null },
      { low: 0.25, high: 0.5, numClips: 1, meanConfidence: 0.5, accuracy: 1 },
      { low: 0.5, high: 0.75, numClips: 2, meanConfidence: 0.75, accuracy: 0.5 },
      { low: 0.75, high: 1, numClips: 1, meanConfidence: 1, accuracy: 1 },
    ]);
    expect(result.expectedCalibrationError).toBeCloseTo((1 * 0.5 + 2 * 0.25 + 0) / 4, 15);
    expect(result.maximumCalibrationError).toBe(0.5);
    expect(result.brierScore).toBeCloseTo((0 + 2 * 0.75 ** 2 + 2 * 0.5 ** 2 + 2 * 0.25 ** 2) / 4, 15);
    expect(result.negativeLogLikelihood).toBeCloseTo((0 - Math.log(0.25) - Math.log(0.5) - Math.log(0.75)) / 4, 15);
  });

  test('closed forms: sure and right, sure and wrong, uniform', () => {
    const sure = { probabilities: [[0, 1, 0]], labels: [1] };
    expect(calibration(sure)).toMatchObject({
      ...{ expectedCalibrationError: 0, maximumCalibrationError: 0, brierScore: 0, negativeLogLikelihood: 0 },
    });
    expect(calibration({ ...sure, labels: [2] })).toMatchObject({
      ...{ expectedCalibrationError: 1, maximumCalibrationError: 1, brierScore: 2, negativeLogLikelihood: null },
    });
    const k = 20;
    const uniform = calibration({ probabilities: Array(k).fill(Array(k).fill(1 / k)), labels: Array.from({ length: k }, (_, i) => i) });
    expect(uniform.expectedCalibrationError).toBeCloseTo(0, 12);
    expect(uniform.brierScore).toBeCloseTo(1 - 1 / k, 12);
    expect(uniform.negativeLogLikelihood).toBeCloseTo(Math.log(k), 12);
  });

  const clips = fc.array(
    fc.record({ weights: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }), label: fc.nat(2) }),
    { minLength: 1, maxLength: 40 },
  );
  const of = (rows: { weights: number[]; label: number }[], bins?: number) =>
    calibration({
      probabilities: rows.map(({ weights }) => weights.map((w) => w / weights.reduce((a, b) => a + b, 0))),
      labels: rows.map(({ label }) => label),
      bins,
    });

  test('ECE <= MCE, one bin is |accuracy - mean confidence|, every clip is in a bin, and the record takes it', () => {
    fc.assert(
      fc.property(clips, fc.integer({ min: 1, max: 30 }), (rows, bins) => {
        const result = of(rows, bins);
        expect(result.expectedCalibrationError).toBeLessThanOrEqual(result.maximumCalibrationError + 1e-12);
        expect(result.bins.reduce((sum, bin) => sum + bin.numClips, 0)).toBe(rows.length);
        const single = of(rows, 1).bins[0];
        expect(of(rows, 1).expectedCalibrationError).toBeCloseTo(Math.abs((single.accuracy ?? 0) - (single.meanConfidence ?? 0)), 12);
        expect(() => calibrationRecord.parse(result)).not.toThrow();
      }),
    );
  });

  test('the order of the clips does not matter', () => {
    fc.assert(
      fc.property(clips, (rows) => {
        const [a, b] = [of(rows), of([...rows].reverse())];
        expect(b.expectedCalibrationError).toBeCloseTo(a.expectedCalibrationError, 12);
        expect(b.brierScore).toBeCloseTo(a.brierScore, 12);
      }),
    );
  });

  test('refuses what is no probability, no label, no clip', () => {
    expect(() => calibration({ probabilities: [[0.5, 0.4]], labels: [0] })).toThrow(/sum to 1, those of clip 0 sum to 0.9/);
    expect(() => calibration({ probabilities: [[0.5, Number.NaN]], labels: [0] })).toThrow(/sum to NaN/);
    expect(() => calibration({ probabilities: [[0.5, 0.5]], labels: [2] })).toThrow(/0 \.\. 1, that of clip 0 is 2/);
    expect(() => calibration({ probabilities: [], labels: [] })).toThrow(/at least 1 clips/);
    expect(() => calibration({ probabilities: [[1]], labels: [0], bins: 0 })).toThrow(/bins must be/);
  });
});
