import { z } from 'zod';
import { initialPlateauState, plateauState } from '../optim/plateau.js';

/** Sums over the batches of an epoch. */
const sums = z.object({
  /** Clips, pairs or patches: what an epoch passes over. */
  numItems: z.number(),
  /** Each loss times the items of its batch. */
  losses: z.record(z.string(), z.number()),
  /** What a method counts. */
  counts: z.record(z.string(), z.number()),
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
  /** Over this epoch's batches. */
  sums,
  best: z
    .object({
      value: z.number(),
      tieBreak: z.number().optional(),
      step: z.int(),
      epoch: z.int(),
      /** Found by the look of a pause, which a run without pauses has not: the next look of its own takes its place. */
      isOfPause: z.boolean().optional(),
    })
    .nullable(),
  /** Looks at the validation clips since the best one, those of pauses left out. */
  looksSinceBest: z.int().min(0),
  /** Of the schedule plateau; as it was at the start with any other. */
  plateau: plateauState,
  /** Of the last look at the validation clips. */
  monitor: z.record(z.string(), z.number().nullable()),
  /** Of training, over all parts of an interrupted run. */
  seconds: z.number(),
});
export type TrainingState = z.infer<typeof trainingState>;

const noSums = (): TrainingState['sums'] => ({ numItems: 0, losses: {}, counts: {}, seconds: 0 });

export function initialTrainingState(): TrainingState {
  return {
    step: 0,
    epoch: 1,
    batch: 0,
    sums: noSums(),
    best: null,
    looksSinceBest: 0,
    plateau: initialPlateauState(),
    monitor: {},
    seconds: 0,
  };
}

/** Adds one batch's numbers to the epoch's sums. */
export function addBatch(
  { sums }: TrainingState,
  { numItems, losses, counts = {} }: { numItems: number; losses: Record<string, number>; counts?: Record<string, number> },
): void {
  sums.numItems += numItems;
  for (const [name, loss] of Object.entries(losses)) sums.losses[name] = (sums.losses[name] ?? 0) + numItems * loss;
  for (const [name, count] of Object.entries(counts)) sums.counts[name] = (sums.counts[name] ?? 0) + count;
}

/** Mean of each loss over the epoch's items so far. */
export function meanLosses({ sums }: TrainingState): Record<string, number> {
  return Object.fromEntries(Object.entries(sums.losses).map(([name, sum]) => [name, sum / sums.numItems]));
}

/** Moves on to the next epoch. */
export function startNextEpoch(state: TrainingState): void {
  state.epoch++;
  state.batch = 0;
  state.sums = noSums();
}
