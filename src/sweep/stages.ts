import type { SweepRun } from './expandSweep.js';
import type { SweepEvaluation } from './sweepFile.js';

/** One command of a run: its training, or one of its evaluations. */
export type Stage = { kind: 'training'; untilEpoch?: number } | { kind: 'evaluation'; evaluation: SweepEvaluation };

/** What a run consists of, in order. */
export function stagesOf({ evaluations }: Pick<SweepRun, 'evaluations'>, untilEpoch?: number): Stage[] {
  return [
    { kind: 'training', ...(untilEpoch !== undefined && { untilEpoch }) },
    ...evaluations.map((evaluation): Stage => ({ kind: 'evaluation', evaluation })),
  ];
}
