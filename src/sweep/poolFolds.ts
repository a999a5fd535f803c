import type { EvaluationRecord } from '../run/evaluationRecord.js';

/** Accuracies over the clips of several folds together: each clip is tested once. */
export interface PooledScores {
  numClips: number;
  clipMicroAccuracy: number;
  clipMacroAccuracy: number;
  /** null where a fold has none. */
  patchWeightedAccuracy: number | null;
  top3Accuracy: number | null;
}

type Scored = Pick<EvaluationRecord, 'confusion' | 'numClips' | 'numPatches' | 'patchWeightedAccuracy' | 'top3Accuracy'>;

/** Micro and macro accuracy from the sum of the folds' confusion matrices; the others weighted by clips or patches. */
export function poolFolds(records: readonly Scored[]): PooledScores {
  const size = records[0].confusion.length;
  const right = new Array<number>(size).fill(0);
  const total = new Array<number>(size).fill(0);
  for (const { confusion } of records) {
    confusion.forEach((row, label) => {
      right[label] += row[label];
      total[label] += sum(row);
    });
  }
  const present = total.flatMap((count, label) => (count > 0 ? [right[label] / count] : []));
  return {
    numClips: sum(total),
    clipMicroAccuracy: sum(right) / sum(total),
    clipMacroAccuracy: sum(present) / present.length,
    patchWeightedAccuracy: weightedMean(records.map(({ patchWeightedAccuracy, numPatches }) => [patchWeightedAccuracy, numPatches])),
    top3Accuracy: weightedMean(records.map(({ top3Accuracy, numClips }) => [top3Accuracy, numClips])),
  };
}

function weightedMean(pairs: readonly (readonly [number | null, number | null])[]): number | null {
  let weighted = 0;
  let weights = 0;
  for (const [value, weight] of pairs) {
    if (value === null || weight === null) return null;
    weighted += value * weight;
    weights += weight;
  }
  return weights === 0 ? null : weighted / weights;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
