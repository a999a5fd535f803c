import { z } from 'zod';

const sums = z.object({
  numPairs: z.number(),
  loss: z.number(),
  contrastiveLoss: z.number(),
  marginLoss: z.number(),
  seconds: z.number(),
});

/** Where a run stands between two steps: everything of the loop itself that a resume needs, kept in the checkpoint. */
export const trainingState = z.object({
  /** Optimiser updates done. */
  step: z.int().min(0),
  /** The epoch under way, from 1. */
  epoch: z.int().min(1),
  /** Batches of this epoch that are done. */
  batch: z.int().min(0),
  /** Sums over the pairs of this epoch's batches. */
  sums,
  best: z.object({ value: z.number(), step: z.int(), epoch: z.int() }).nullable(),
  /** Looks at the validation clips since the best one. */
  looksSinceBest: z.int().min(0),
  /** Of the last look at the validation clips. */
  monitor: z.record(z.string(), z.number().nullable()),
  /** Of training, over all parts of an interrupted run. */
  seconds: z.number(),
});
export type TrainingState = z.infer<typeof trainingState>;

const noSums = () => ({ numPairs: 0, loss: 0, contrastiveLoss: 0, marginLoss: 0, seconds: 0 });

export function initialTrainingState(): TrainingState {
  return { step: 0, epoch: 1, batch: 0, sums: noSums(), best: null, looksSinceBest: 0, monitor: {}, seconds: 0 };
}

/** Moves on to the next epoch. */
export function startNextEpoch(state: TrainingState): void {
  state.epoch++;
  state.batch = 0;
  state.sums = noSums();
}
