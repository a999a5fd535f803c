import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';
import type { RankGroup } from './RankGroup.js';

/** Whom an anchor is compared with: the clips of all ranks' batch, or those of its own rank's share. */
export type Negatives = 'all' | 'local';

/** How one batch of clips lies on the ranks, and what a loss sees of it. Rows are `[views clips, dim]`, the first views of all clips first. */
export interface BatchSpread {
  /** Clips of this rank's share, and the place of its first one in the batch. */
  numOwn: number;
  firstOwn: number;
  /** Clips that the loss sees. */
  numSeen: number;
  /** Own rows -> the rows that the loss sees, in the batch's order. Differentiable: where all ranks compute one loss, each takes its part. */
  see(rows: tf.Tensor2D, views: number): tf.Tensor2D;
  /** As `see`, of a number a clip. */
  seeNumbers(numbers: Int32Array): Int32Array;
  /** The rows of all ranks, whatever the loss sees. Not differentiable. */
  collect(rows: tf.Tensor2D, views: number): tf.Tensor2D;
  collectNumbers(numbers: Int32Array): Int32Array;
  /** Weight of this rank's loss in the sum over ranks whose gradient is the batch's; 1 where all compute the same. */
  weight: number;
  /** Stands in for the parameters in a step that is differentiated, see `GradientSum`. */
  watch?: (variable: tf.Variable) => tf.Tensor;
}

/** A batch that one process has for itself. */
export function wholeBatch(numClips: number): BatchSpread {
  return {
    numOwn: numClips,
    firstOwn: 0,
    numSeen: numClips,
    see: (rows) => rows,
    seeNumbers: (numbers) => numbers,
    collect: (rows) => rows,
    collectNumbers: (numbers) => numbers,
    weight: 1,
  };
}

/**
 * How a batch that is only looked at lies on the ranks: each computes its share and sees what all have. One too small to give every rank a
 * row is every rank's own, as is any batch of one process.
 */
export function spreadLook(numRows: number, group: RankGroup | undefined): BatchSpread {
  return group === undefined || numRows < group.size ? wholeBatch(numRows) : spreadBatch(numRows, group, 'all');
}

/** Clips of each rank: equal parts of the batch in its order, the first ones a clip longer where it does not divide. */
export function sharesOfBatch(numClips: number, numRanks: number): number[] {
  const each = Math.floor(numClips / numRanks);
  return Array.from({ length: numRanks }, (_, rank) => each + (rank < numClips % numRanks ? 1 : 0));
}

/** This rank's part of a batch. */
export function ownShare<T>(batch: ArrayLike<T>, { rank, size }: Pick<RankGroup, 'rank' | 'size'>): T[] {
  const counts = sharesOfBatch(batch.length, size);
  const first = counts.slice(0, rank).reduce((sum, count) => sum + count, 0);
  return Array.from({ length: counts[rank] }, (_, i) => batch[first + i]);
}

/**
 * A batch over several ranks. With negatives `all` every rank gathers the rows of all and computes the loss of the whole batch; the
 * gradient by its own rows is then exact, and the sum of the ranks' parameter gradients is that of one process.
 */
export function spreadBatch(numClips: number, group: RankGroup, negatives: Negatives): BatchSpread {
  const counts = sharesOfBatch(numClips, group.size);
  const numOwn = counts[group.rank];
  const firstOwn = counts.slice(0, group.rank).reduce((sum, count) => sum + count, 0);
  const collect = (rows: tf.Tensor2D, views: number): tf.Tensor2D => group.gatherRows(rows, views, counts);
  const collectNumbers = (numbers: Int32Array): Int32Array =>
    tf.tidy(() => Int32Array.from(collect(tf.tensor2d(numbers, [numbers.length, 1], 'int32'), 1).dataSync()));
  const gather = (rows: tf.Tensor2D, views: number): tf.Tensor2D =>
    differentiable([rows], () => ({
      value: collect(rows, views),
      backward: (dy) => {
        const dim = rows.shape[1];
        const byView = tf.reshape(dy, [views, numClips, dim]);
        return [tf.reshape(tf.slice(byView, [0, firstOwn, 0], [views, numOwn, dim]), [views * numOwn, dim])];
      },
    }));
  const isLocal = negatives === 'local';
  return {
    numOwn,
    firstOwn,
    numSeen: isLocal ? numOwn : numClips,
    see: isLocal ? (rows) => rows : gather,
    seeNumbers: isLocal ? (numbers) => numbers : collectNumbers,
    collect,
    collectNumbers,
    weight: isLocal ? numOwn / numClips : 1,
  };
}
