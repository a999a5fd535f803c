import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/report/collectRun.js';
import { helpedSentence } from '../../src/report/helpedSentence.js';

const difference = (estimate: number, low: number, high: number) => ({ micro: { estimate, low, high, pValue: 0.5 } });
/** A run with one evaluation on 80 test clips against these baselines. */
function run(
  baselines: { name: string; difference: unknown }[] | undefined,
  { hasLabels = true, classNames = ['a', 'b'], transfers = 0 } = {},
): RunReport {
  const identity = { protocol: 'linear', split: 'test', seed: 0, checkpoint: 'best', labelFraction: null, shots: null, fold: null };
  const record = { ...identity, folds: [], trainOn: null, dataset: null, options: {}, classNames, baselines };
  const evaluations = baselines === undefined ? [] : [{ name: 'e', record, map: undefined }];
  return { name: 'r', config: {}, hasLabels, evaluations, transfers: Array(transfers).fill({}) } as unknown as RunReport;
}

describe('whether training helped, in one sentence', () => {
  it('is yes where every interval lies above 0, no where one lies below, else undecided', () => {
    const ridge = { name: 'ridge', difference: difference(0.1, 0.02, 0.18) };
    const random = (low: number, high: number) => ({ name: 'random weights', difference: difference((low + high) / 2, low, high) });
    expect(helpedSentence(run([{ name: 'chance', difference: null }, ridge, random(0.2, 0.4)]))).toBe(
      'Training helped: +10.0 (+2.0 to +18.0) against ridge; +30.0 (+20.0 to +40.0) against random weights, in points of micro accuracy, paired, with 95 % intervals (linear on test clips, seed 0, checkpoint best).',
    );
    expect(helpedSentence(run([ridge, random(-0.1, 0.3)]))).toMatch(/^Whether training helped is undecided: \+10\.0/);
    expect(helpedSentence(run([ridge, random(-0.3, -0.1)]))).toMatch(
      /^Training did not help: .*; −20\.0 \(−30\.0 to −10\.0\) against random/,
    );
  });

  it('says so where nothing can be said: few clips, one class, no baseline, no evaluation, no labels', () => {
    expect(helpedSentence(run([{ name: 'ridge', difference: null }]))).toBe(
      'Whether training helped is undecided: too few recordings for an interval (linear on test clips, seed 0, checkpoint best).',
    );
    expect(helpedSentence(run([{ name: 'ridge', difference: difference(0, 0, 0) }], { classNames: ['a'] }))).toContain(
      'any answer is right',
    );
    expect(helpedSentence(run([{ name: 'chance', difference: null }]))).toContain('--baselines');
    expect(helpedSentence(run(undefined))).toContain('audiossl evaluate RUN');
    expect(helpedSentence(run(undefined, { hasLabels: false }))).toContain('audiossl transfer RUN');
    expect(helpedSentence(run(undefined, { hasLabels: false, transfers: 1 }))).toContain('stands below');
  });
});
