import { describe, expect, test } from 'vitest';
import type { RunReport } from '../../src/report/collectRun.js';
import { notesOf } from '../../src/report/html/summary.js';

const learnt = { protocol: 'linear', labelFraction: null, shots: null, fold: null, folds: [], trainOn: null, dataset: null };

/** Only what notesOf reads. */
function runWith(dataNotes: string[], evaluations: object[]): Pick<RunReport, 'log' | 'evaluations'> {
  const given = {
    log: { starts: [{ dataNotes }] },
    evaluations: evaluations.map((record) => ({ record: { ...learnt, seed: 0, ...record } })),
  };
  return given as unknown as Pick<RunReport, 'log' | 'evaluations'>;
}

describe('notesOf', () => {
  test('names the evaluation that a note is of, unless several or the data say the same', () => {
    const run = runWith(
      ['protocol generic'],
      [
        { labelFraction: 0.1, notes: ['23 labels', 'validation has all labels', 'protocol generic'] },
        { labelFraction: 0.1, seed: 1, notes: ['26 labels', 'validation has all labels'] },
        { shots: 5, notes: ['50 labels'] },
        { protocol: 'finetune', notes: [] },
      ],
    );
    expect(notesOf(run)).toEqual([
      'protocol generic',
      'linear, 10 % of the labels, seed 0: 23 labels',
      'validation has all labels',
      'linear, 10 % of the labels, seed 1: 26 labels',
      'linear, 5 clips a class, seed 0: 50 labels',
    ]);
  });

  test('of a single evaluation a note needs no name', () => {
    expect(notesOf(runWith([], [{ notes: ['classes without a test clip: c'] }]))).toEqual(['classes without a test clip: c']);
  });
});
