import { expect, test } from 'vitest';
import type { RunReport } from '../../src/report/collectRun.js';
import { labelCurves } from '../../src/report/labelCurves.js';
import { resultRows } from '../../src/report/resultRows.js';
import type { EvaluationInput } from '../../src/run/evaluationRecord.js';
import { evaluatedRun } from './comparison/evaluatedRun.js';

/** A run with these evaluations. */
function reportOf(name: string, seed: number, records: readonly Partial<EvaluationInput>[]): RunReport {
  const evaluated = records.map((record) => evaluatedRun({ name, seed, record, isRight: () => true }));
  const evaluations = evaluated.map(({ record }, i) => ({ name: `${name}-${i}`, record }));
  return { name, config: evaluated[0].config, evaluations } as unknown as RunReport;
}
const rowsOf = (runs: RunReport[]) =>
  resultRows(runs).map(({ kind, predictor, seed, meanOf, clipMacroAccuracy }) => [
    ...[kind, predictor, seed ?? `${meanOf?.count} ${meanOf?.what}`, clipMacroAccuracy],
  ]);
const options = { epochs: 200, compat: { probeTrainMode: false }, epoch: 7 };

test('evaluations of a run with other options are in no mean together, and say in what they differ', () => {
  const evaluations = [
    { seed: 1, clipMacroAccuracy: 0.5, options },
    { seed: 2, clipMacroAccuracy: 0.7, options: { ...options, epoch: 9 } },
    { seed: 3, clipMacroAccuracy: 0.1, options: { ...options, epochs: 5 } },
  ];
  const rows = rowsOf([reportOf('run', 0, evaluations)]);
  expect(rows.filter(([kind]) => kind === 'evaluation').sort()).toEqual([
    ['evaluation', 'linear, epochs 200', 1, 0.5],
    ['evaluation', 'linear, epochs 200', 2, 0.7],
    ['evaluation', 'linear, epochs 5', 3, 0.1],
  ]);
  expect(rows.filter(([kind]) => kind === 'mean')).toEqual([['mean', 'linear, epochs 200', '2 seeds', 0.6]]);
  // Evaluated alike they are one row less to read.
  expect(rowsOf([reportOf('run', 0, evaluations.slice(0, 2))]).map(([, predictor]) => predictor)).toEqual(['linear', 'linear', 'linear']);
});

test('runs that were evaluated with other options are in no mean together', () => {
  const runs = [options, options, { ...options, epochs: 5 }].map((own, seed) => reportOf(`run${seed}`, seed, [{ seed, options: own }]));
  const means = rowsOf(runs).filter(([kind]) => kind === 'mean');
  expect(means.map(([, predictor, count]) => [predictor, count])).toEqual([['linear, epochs 200', '2 runs']]);
});

test('a key that an older version did not write is off: its runs are in the mean with younger ones', () => {
  const [older, younger] = [{}, { youngerKey: null }].map((train, seed) => {
    const run = reportOf(`run${seed}`, seed, [{ seed, options }]);
    return { ...run, config: { ...(run.config as object), train } };
  });
  expect(rowsOf([older, younger]).map(([kind]) => kind)).toContain('mean');
});

test('a curve over the amount of labels goes through evaluations with one set of options', () => {
  const points = [1, 0.1].flatMap((labelFraction) => [5, 200].map((epochs) => ({ labelFraction, options: { ...options, epochs } })));
  const [run] = [reportOf('run', 0, points)];
  expect(labelCurves(run).map(({ points }) => points.map(({ amount, seeds }) => [amount, seeds.length]))).toEqual([
    [
      [0.1, 1],
      [1, 1],
    ],
    [
      [0.1, 1],
      [1, 1],
    ],
  ]);
});
