import type { DropoutKey } from '../ops/dropout.js';
import { type BatchSpread, ownShare, sharesOfBatch, spreadBatch } from '../parallel/BatchSpread.js';
import { gradientSum } from '../parallel/gradientSum.js';
import type { RankGroup, Waits } from '../parallel/RankGroup.js';
import type { RanksOptions } from '../parallel/ranksOptions.js';
import { UsageError } from '../util/errors.js';
import type { StepReport } from './trainingMethod.js';

/** Batch norm needs two clips: a share of one has no deviation. */
const MIN_SHARE = 2;
/** As with one process: batch statistics never come from a handful of clips. */
const MIN_LAST_BATCH = 8;

/** What the training loop asks of the other ranks. All of them make the same calls. */
export interface TrainingRanks {
  /** A last batch under so many clips joins the one before. */
  minBatch: number;
  /** This rank's part of a batch. */
  shareOf(batch: ArrayLike<number>): number[];
  /** Clips that the loss sees of a batch of so many. */
  seenOf(numClips: number): number;
  /**
   * One step of all ranks: `step` on this one's share, then the sum of the gradients, and losses and counts of the whole batch.
   * @param isStopWanted whether this rank is to stop; `isStopped` is whether any is
   * @returns `waits`: seconds of the step that this rank waited for others, by what for
   */
  step(
    numClips: number,
    dropout: DropoutKey,
    isStopWanted: boolean,
    step: (dropout: DropoutKey, spread: BatchSpread) => StepReport,
  ): StepReport & { isStopped: boolean; waits: Waits };
  isAnyTrue(value: boolean): boolean;
}

export function trainingRanks(
  who: string,
  group: RankGroup,
  options: RanksOptions,
  { batchSize, bucketValues }: { batchSize: number; bucketValues?: number },
): TrainingRanks {
  const { rank, size } = group;
  if (batchSize < MIN_SHARE * size) {
    throw new UsageError(
      `${who}: train.batchSize is shared by all ranks and must be ${MIN_SHARE} clips a rank or more, got ${batchSize} for ${size} ranks; take ${MIN_SHARE * size} or more, or fewer ranks`,
    );
  }
  const sharing = <T>(f: () => T): T => (options.batchNorm === 'synchronised' ? group.sharingStatistics(f) : f());
  return {
    minBatch: Math.max(MIN_LAST_BATCH, MIN_SHARE * size),
    shareOf: (batch) => ownShare(batch, group),
    seenOf: (numClips) => (options.negatives === 'all' ? numClips : sharesOfBatch(numClips, size)[rank]),
    step(numClips, dropout, isStopWanted, step) {
      group.takeWaits(); // what was waited for since the step before is not this one's
      const sum = gradientSum(group, { bucketValues, precision: options.gradientPrecision });
      const spread = { ...spreadBatch(numClips, group, options.negatives), watch: sum.watch };
      const part = { first: spread.firstOwn, rows: spread.numOwn, of: numClips };
      const { gradients, losses, counts = {} } = sharing(() => step({ ...dropout, part }, spread));
      // Where each rank has computed the whole batch's loss, the sum of its parts is that loss as well.
      const share = options.negatives === 'all' ? 1 / size : spread.weight;
      const each = options.negatives === 'all' ? 1 / size : 1;
      const [lossNames, countNames] = [Object.keys(losses), Object.keys(counts)];
      const numbers = [
        isStopWanted ? 1 : 0,
        ...lossNames.map((name) => share * losses[name]),
        ...countNames.map((name) => each * counts[name]),
      ];
      const summed = sum.finish(gradients, numbers);
      const [stops, ...sums] = summed.sums;
      return {
        gradients: summed.gradients,
        losses: named(lossNames, sums) as StepReport['losses'],
        counts: named(countNames, sums.slice(lossNames.length)),
        isStopped: stops > 0,
        waits: group.takeWaits(),
      };
    },
    isAnyTrue: (value) => {
      const { sums } = gradientSum(group).finish(new Map(), [value ? 1 : 0]);
      return sums[0] > 0;
    },
  };
}

function named(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}
