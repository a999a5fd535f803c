import { expect, test } from 'vitest';
import { spearman } from '../../../src/eval/statistics/spearman.js';
import { correlationText, scoreCorrelations } from '../../../src/report/scoreCorrelations.js';

test('spearman: the closed form 1 - 6 sum d^2 / n (n^2 - 1) without ties; shared ranks with them; nothing of too little', () => {
  const [a, b] = [
    [106, 100, 86, 101, 99, 103, 97, 113, 112, 110],
    [7, 27, 2, 50, 28, 29, 20, 12, 6, 17],
  ];
  // The textbook's IQ and hours of television: sum of squared rank differences 194.
  expect(spearman(a, b)).toBeCloseTo(1 - (6 * 194) / 990, 12);
  expect(spearman([1, 2, 3], [10, 100, 1000])).toBe(1);
  // Ranks 1.5 1.5 3 against 1 2 3: Pearson's of them is sqrt(3) / 2.
  expect(spearman([5, 5, 6], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2, 12);
  expect([spearman([1, 2], [1, 2]), spearman([1, 1, 1], [1, 2, 3])]).toEqual([null, null]);
});

test('scoreCorrelations turns scores of which lower is better and leaves out what too few runs have', () => {
  const runs = [0.5, 0.6, 0.7].map((accuracy, i) => ({ accuracy, scores: { effectiveRank: 10 * i, validationLoss: -i } }));
  expect(correlationText(scoreCorrelations(runs))).toBe('effective rank 1.00 (3 runs), -validation loss 1.00 (3 runs)');
});
