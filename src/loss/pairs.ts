import * as tf from '@tensorflow/tfjs-core';
import { flatPlaces } from '../ops/flatPlaces.js';
import { pairLabels, pairMasks } from '../ops/rows.js';
import { unitRows } from '../ops/unitRows.js';
import { AudiosslError } from '../util/errors.js';

/**
 * What every contrastive and metric loss reads: rows to compare and which of them belong together. Who makes them (views, labels, a queue,
 * a memory, several ranks) is of no concern to the loss.
 */
export interface Pairs {
  /** `[anchor, dim]`, of any length: losses normalise. */
  anchors: tf.Tensor2D;
  /** `[candidate, dim]`; the very tensor `anchors` where a batch is compared with itself. */
  candidates: tf.Tensor2D;
  /** 0 or 1, `[anchor, candidate]`. A pair may be neither positive nor negative, as an anchor with itself. */
  isPositive: tf.Tensor2D;
  /** Likewise; where negatives were drawn, how often each was. */
  isNegative: tf.Tensor2D;
  /** Likewise 0 or 1: what negatives were drawn from, positives included; absent: all that are positive or negative. */
  population?: tf.Tensor2D;
  /**
   * Where negatives were drawn from among all candidates: what the masks say, as places. A loss that reads these in place of the masks
   * (which are made when they are read) does its work for the pairs that were drawn, not for all.
   */
  drawn?: DrawnPairs;
  /** `[anchor, candidate]`, where they are known already: a loss then reads nothing of the rows. */
  cosines?: tf.Tensor2D;
  /** n, where the rows are n first views followed by n second views and every other row is a negative. */
  numViewPairs?: number;
}

/** Candidates by their places. */
export interface DrawnPairs {
  /** int32 `[anchor]`: the positive of each. */
  positives: tf.Tensor1D;
  /** int32 `[anchor, m]`: its negatives, a place as often as it was drawn. */
  noise: tf.Tensor2D;
}

/**
 * Cosines of the pairs, `[anchor, candidate]`. Differentiable by both.
 *
 * @example
 * ```ts
 * import { cosines, labelPairs, tf } from 'audiossl';
 * cosines(labelPairs(tf.tensor2d([[1, 0], [0, 2]]), tf.tensor1d([0, 1], 'int32'))); // => [[1, 0], [0, 1]]
 * ```
 */
export function cosines({ anchors, candidates, cosines: known }: Pick<Pairs, 'anchors' | 'candidates' | 'cosines'>): tf.Tensor2D {
  if (known !== undefined) return known;
  const unit = unitRows(anchors);
  return tf.matMul(unit, candidates === anchors ? unit : unitRows(candidates), false, true);
}

/**
 * All views of a batch, compared with one another: row i of every view is a positive of row i of the others, all else is negative.
 *
 * @example
 * ```ts
 * import { tf, viewPairs } from 'audiossl';
 * const { isPositive } = viewPairs([tf.zeros([2, 3]), tf.zeros([2, 3])]);
 * isPositive; // => [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]]
 * ```
 */
export function viewPairs(views: readonly tf.Tensor2D[]): Pairs {
  const n = views[0]?.shape[0] ?? 0;
  if (views.length < 2 || n < 2 || views.some(({ shape }) => shape.length !== 2 || shape[0] !== n || shape[1] !== views[0].shape[1])) {
    throw new AudiosslError(
      `viewPairs: needs 2 views or more, each [n, dim] of one shape with n >= 2, got ${views.map(({ shape }) => `[${shape}]`).join(', ') || 'none'}`,
    );
  }
  const rows = tf.concat([...views], 0);
  const ids = views.length === 2 ? pairLabels(n) : tf.tile(tf.range(0, n, 1, 'int32'), [views.length]);
  return { ...labelPairs(rows, ids), ...(views.length === 2 && { numViewPairs: n }) };
}

/**
 * A batch compared with itself: rows of one label are positives of one another, rows of other labels negatives.
 *
 * @example
 * ```ts
 * import { labelPairs, tf } from 'audiossl';
 * const { isPositive } = labelPairs(tf.zeros([3, 2]), tf.tensor1d([0, 0, 1], 'int32'));
 * isPositive; // => [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
 * ```
 */
export function labelPairs(embeddings: tf.Tensor2D, labels: tf.Tensor1D): Pairs {
  const { isPositive, isNegative } = tf.tidy(() => {
    const { isSelf: _, ...masks } = pairMasks(labels);
    return masks;
  });
  return { anchors: embeddings, candidates: embeddings, isPositive, isNegative };
}

/**
 * Two views in one direction: the positive of row i of `a` is row i of `b`, every other row of `b` is a negative.
 *
 * @example
 * ```ts
 * import { crossPairs, tf } from 'audiossl';
 * const { isPositive } = crossPairs(tf.zeros([2, 3]), tf.zeros([2, 3]));
 * isPositive; // => [[1, 0], [0, 1]]
 * ```
 */
export function crossPairs(a: tf.Tensor2D, b: tf.Tensor2D): Pairs {
  const isPositive = tf.eye(a.shape[0]);
  return { anchors: a, candidates: b, isPositive, isNegative: tf.sub(1, isPositive) };
}

/**
 * Queries with their keys and a queue of older keys (MoCo): row i of `keys` is the positive, the queue's rows are the negatives.
 *
 * @example
 * ```ts
 * import { queuePairs, tf } from 'audiossl';
 * const { isPositive, isNegative } = queuePairs(tf.zeros([2, 3]), tf.zeros([2, 3]), tf.zeros([4, 3]));
 * [isPositive.shape, isNegative.shape]; // => [[2, 6], [2, 6]]
 * ```
 */
export function queuePairs(queries: tf.Tensor2D, keys: tf.Tensor2D, queue: tf.Tensor2D): Pairs {
  const n = queries.shape[0];
  const older = queue.shape[0];
  const ofKeys = tf.eye(n);
  return {
    anchors: queries,
    candidates: tf.concat([keys, queue], 0),
    isPositive: tf.concat([ofKeys, tf.zeros<tf.Rank.R2>([n, older])], 1),
    isNegative: tf.concat([tf.zeros<tf.Rank.R2>([n, n]), tf.ones<tf.Rank.R2>([n, older])], 1),
  };
}

/**
 * Rows with a memory of representations: row i's positive is row `positives[i]` of the memory, its negatives are the rows `noise[i]`,
 * counted as often as they were drawn.
 *
 * @example
 * ```ts
 * import { memoryPairs, tf } from 'audiossl';
 * const { isNegative } = memoryPairs(tf.zeros([1, 2]), tf.zeros([3, 2]), {
 *   positives: tf.tensor1d([0], 'int32'),
 *   noise: tf.tensor2d([[1, 2]], [1, 2], 'int32'),
 * });
 * isNegative.shape[0]; // => 1
 * ```
 */
export function memoryPairs(embeddings: tf.Tensor2D, memory: tf.Tensor2D, drawn: DrawnPairs): Pairs {
  const [n, rows] = [embeddings.shape[0], memory.shape[0]];
  return {
    anchors: embeddings,
    candidates: memory,
    drawn,
    get isPositive() {
      return countPlaces(tf.expandDims(drawn.positives, 1), rows);
    },
    get isNegative() {
      return countPlaces(drawn.noise, rows);
    },
    get population() {
      return tf.ones<tf.Rank.R2>([n, rows]);
    },
  };
}

/** How often each of so many places stands in a row of int32 `[rows, k]`: `[rows, numPlaces]`. */
export function countPlaces(places: tf.Tensor2D, numPlaces: number): tf.Tensor2D {
  return tf.tidy(() =>
    tf.reshape(tf.scatterND(flatPlaces(places, numPlaces), tf.ones([places.size]), [places.shape[0] * numPlaces]), [-1, numPlaces]),
  );
}
