import type { RunReport } from '../collectRun.js';
import { predictorText } from '../evaluationText.js';
import { counted, integer, percent } from '../format.js';
import { type Child, h } from '../markup.js';
import { table } from './parts.js';

/** Fold by fold, for evaluations that pool folds; undefined where there are none. */
export function foldsSection(run: RunReport): Child {
  const pooled = run.evaluations.filter(({ record }) => record.folds.length > 0);
  if (pooled.length === 0) return undefined;
  return pooled.map(({ record }) => {
    const macro = record.folds.map((one) => one.clipMacroAccuracy);
    return [
      h(
        'p',
        { class: 'finding' },
        `${predictorText({ ...record, folds: [] })}, seed ${record.seed}: pooled over ${counted(record.folds.length, 'fold')} the macro accuracy is ${percent(record.clipMacroAccuracy)}; single folds lie between ${percent(Math.min(...macro))} and ${percent(Math.max(...macro))}.`,
      ),
      table({
        kind: 'narrow',
        caption: 'Each fold is predicted by a classifier that has not seen its labels',
        columns: [
          { head: 'Fold' },
          { head: 'Clips', isNumber: true },
          { head: 'Micro', isNumber: true },
          { head: 'Macro', isNumber: true },
        ],
        rows: [
          ...record.folds.map((one) => ({
            cells: [one.fold, integer(one.numClips), percent(one.clipMicroAccuracy), percent(one.clipMacroAccuracy)],
          })),
          {
            kind: 'mean',
            cells: ['pooled', integer(record.numClips), percent(record.clipMicroAccuracy), percent(record.clipMacroAccuracy)],
          },
        ],
      }),
    ];
  });
}
