import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantile, wilsonInterval } from '../../src/eval/intervals.js';
import { argMax, classificationMetrics, topThreeOf } from '../../src/eval/metrics.js';
import { trainRidge } from '../../src/eval/ridge.js';
import golden from '../golden/eval/statistics.json' with { type: 'json' };

const classNames = ['Bark', 'Clap', 'Drip', 'Engine'];

describe('classificationMetrics', () => {
  // 3 of class 0 (2 right), 2 of class 1 (1 right), 1 of class 3 (wrong); class 2 has no clips.
  const labels = [0, 0, 0, 1, 1, 3];
  const predicted = [0, 0, 2, 1, 0, 1];
  const numPatches = [10, 1, 1, 1, 1, 6];
  const topThree = [
    [0, 1, 2],
    [0, 1, 2],
    [2, 0, 1],
    [1, 0, 2],
    [0, 2, 3],
    [1, 2, 3],
  ];

  test('counted by hand', () => {
    const metrics = classificationMetrics({ labels, predicted, numPatches, topThree }, classNames);
    expect(metrics).toEqual({
      numClips: 6,
      numRight: 3,
      clipMicroAccuracy: 3 / 6,
      clipMacroAccuracy: (2 / 3 + 1 / 2 + 0) / 3,
      patchWeightedAccuracy: 12 / 20,
      top3Accuracy: 5 / 6,
      perClass: [
        { label: 'Bark', numClips: 3, numRight: 2, recall: 2 / 3 },
        { label: 'Clap', numClips: 2, numRight: 1, recall: 1 / 2 },
        { label: 'Drip', numClips: 0, numRight: 0, recall: null },
        { label: 'Engine', numClips: 1, numRight: 0, recall: 0 },
      ],
      confusion: [
        [2, 0, 1, 0],
        [1, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 1, 0, 0],
      ],
    });
  });

  test('what cannot be said is null', () => {
    const metrics = classificationMetrics({ labels: [0, 1], predicted: [0, 0], topThree: [[0], [0]] }, ['a', 'b', 'c']);
    expect([metrics.patchWeightedAccuracy, metrics.top3Accuracy]).toEqual([null, null]);
  });

  test('no clips, a missing prediction and unknown classes are refused', () => {
    expect(() => classificationMetrics({ labels: [], predicted: [] }, classNames)).toThrow(/at least 1 clips/);
    expect(() => classificationMetrics({ labels: [0, 1], predicted: [0] }, classNames)).toThrow(/got 1 for 2/);
    expect(() => classificationMetrics({ labels: [0], predicted: [4] }, classNames)).toThrow(/0 \.\. 3, got 0 and 4/);
  });

  test('ties go to the lowest index', () => {
    expect(argMax([1, 3, 3, 0])).toBe(1);
    expect(topThreeOf([0.2, 0.4, 0.2, 0.2])).toEqual([1, 0, 2]);
  });
});

describe('intervals', () => {
  test("Wilson's equals scipy's", () => {
    for (const [right, trials, low, high] of golden.wilson) {
      expect(wilsonInterval(right, trials) ?? []).toBeAllClose([low, high], { atol: 1e-12 });
    }
    expect(wilsonInterval(0, 0)).toBeNull();
  });

  test('quantile is linear between neighbours, as numpy', () => {
    expect([quantile([1, 2, 4, 8], 0), quantile([1, 2, 4, 8], 0.5), quantile([1, 2, 4, 8], 0.9), quantile([5], 0.975)]).toBeAllClose(
      [1, 3, 6.8, 5],
      { atol: 1e-12 },
    );
  });
});

describe('trainRidge', () => {
  test("numpy's closed form, a constant feature included", () => {
    const features = Float64Array.from({ length: 210 }, (_, i) => (i % 7 === 3 ? 2.5 : Math.sin(i * 1.7) * ((i % 7) + 1)));
    const labels = Array.from({ length: 30 }, (_, i) => i % 3);
    const ridge = trainRidge({ features, labels, dim: 7, numClasses: 3, alpha: 10 });
    golden.ridgeScores.forEach((row, i) => {
      expect(ridge.scores(features.subarray(7 * i, 7 * i + 7))).toBeAllClose(row, { atol: 1e-10 });
    });
  });

  test('adding a number to a feature or scaling it changes no prediction', () => {
    fc.assert(
      fc.property(fc.double({ min: -100, max: 100, noNaN: true }), fc.double({ min: 0.01, max: 100, noNaN: true }), (shift, scale) => {
        const features = Float64Array.from({ length: 40 }, (_, i) => Math.cos(3 * i));
        const labels = Array.from({ length: 20 }, (_, i) => (i * 7) % 3);
        const moved = features.map((value, i) => (i % 2 === 0 ? value : shift + scale * value));
        const scores = (x: Float64Array) =>
          Array.from(trainRidge({ features: x, labels, dim: 2, numClasses: 3, alpha: 2 }).scores(x.subarray(4, 6)));
        expect(scores(moved)).toBeAllClose(scores(features), { atol: 1e-6 });
      }),
      { numRuns: 30 },
    );
  });
});
