import { expect, test } from 'vitest';
import { differenceTo } from '../../../src/eval/statistics/differenceTo.js';
import { intervalSide, isBetter } from '../../../src/eval/statistics/intervalSide.js';
import { pairedDifferences } from '../../../src/eval/statistics/pairedBootstrap.js';

test('intervalSide and isBetter: all intervals above 0 say yes, one below says no, the rest nothing', () => {
  expect([intervalSide({ low: 0.1, high: 0.2 }), intervalSide({ low: -2, high: -1 }), intervalSide({ low: 0, high: 1 })]).toEqual([
    'above',
    'below',
    'both',
  ]);
  const [above, below, both] = [
    { low: 0.01, high: 0.1 },
    { low: -0.1, high: -0.01 },
    { low: -0.1, high: 0.1 },
  ];
  expect(isBetter([above, above])).toBe('yes');
  expect(isBetter([above, both])).toBe('undecided');
  expect(isBetter([above, below])).toBe('no');
  expect(isBetter([above, undefined])).toBe('undecided');
  expect(isBetter([])).toBe('undecided');
});

test('differenceTo draws class by class from five recordings a class on, else from all together, and says nothing under ten', () => {
  const labels = Array.from({ length: 24 }, (_, i) => i % 2);
  const a = [labels.map((_, i) => Number(i % 5 !== 0))];
  const b = [labels.map((_, i) => Number(i % 3 !== 0))];
  const options = { a, b, labels, replicates: 300, seed: 1 };
  const expected = ({ micro }: ReturnType<typeof pairedDifferences>) => ({ low: micro.low, high: micro.high, estimate: micro.estimate });
  const each = labels.map((_, i) => `g${i}`);
  expect(differenceTo({ ...options, groups: each })?.micro).toMatchObject(expected(pairedDifferences({ ...options, groups: each })));
  // Class 1 has four recordings.
  const few = labels.map((label, i) => (label === 0 ? `g${i}` : `h${i % 8}`));
  const together = pairedDifferences({ ...options, groups: few, strata: new Uint8Array(24) });
  expect(differenceTo({ ...options, groups: few })?.micro).toMatchObject(expected(together));
  expect(differenceTo({ ...options, groups: labels.map((_, i) => `g${i % 9}`) })).toBeUndefined();
});
