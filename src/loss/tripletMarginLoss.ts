import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { shortestChord } from '../ops/chordLength.js';
import { differentiable } from '../ops/differentiable.js';
import { checkOptions, defineLoss } from './defineLoss.js';
import { mineTriplets } from './mineTriplets.js';
import { cosines, labelPairs, type Pairs } from './pairs.js';
import { requireLabels } from './requireLabels.js';

const keys = {
  margin: z.number().positive().max(4).default(0.2).describe('a negative must be farther than the positive by this much'),
  mining: z
    .enum(['all', 'hard', 'semiHard', 'easy'])
    .default('semiHard')
    .describe(
      'triplets that count, a = distance to the positive, n = to the negative: all; hard: n <= a; semiHard: a < n < a + margin; easy: n >= a + margin (loss 0)',
    ),
  distance: z
    .enum(['squared', 'euclidean'])
    .default('squared')
    .describe('of unit rows: squared = d^2, 0 .. 4, as FaceNet; euclidean = d, 0 .. 2'),
  average: z
    .enum(['mined', 'violating'])
    .default('mined')
    .describe('mean over all triplets that count, or over those above 0 (which tells apart all only)'),
};
type Options = z.output<z.ZodObject<typeof keys>>;

export type TripletMarginOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: tripletMargin`. */
export const tripletMargin = defineLoss({
  name: 'tripletMargin',
  description: 'triplet loss: a positive must be nearer than a negative by a margin',
  options: keys,
  compute: (pairs, options) => tf.tidy(() => meanOfTriplets(cosines(pairs), pairs, options)),
});

/**
 * Triplet loss, the mean over mined triplets of `max(0, d_ap - d_an + margin)`, d being the squared Euclidean distance of L2-normalised
 * rows (Schroff, Kalenichenko & Philbin 2015, "FaceNet: A Unified Embedding for Face Recognition and Clustering", equation 1) or the
 * distance itself. All triplets of the batch are considered, whatever the mining: they are not listed but summed in sorted order, so memory
 * grows with the square of the rows. 0 where no triplet counts (no fallback negative is taken). Easy triplets have a loss of 0 by
 * definition.
 *
 * @param embeddings `[rows, dim]`, of any length, 3 rows or more
 * @param labels int32 `[rows]`, of two classes or more, one of them at two rows at least
 *
 * @example
 * ```ts
 * import { tf, tripletMarginLoss } from 'audiossl';
 * tripletMarginLoss(tf.tensor2d([[1, 0], [1, 0], [0, 1], [0, 1]]), tf.tensor1d([0, 0, 1, 1], 'int32')); // => 0
 * ```
 */
export function tripletMarginLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: TripletMarginOptions = {}): tf.Scalar {
  const checked = checkOptions('tripletMarginLoss', tripletMargin, options);
  requireLabels('tripletMarginLoss', embeddings, labels, { needsNegatives: true });
  return tf.tidy(() => tripletMargin.compute(labelPairs(embeddings, labels), checked));
}

/** Anchors are mined so many at a time: what stands beside the cosines stays small. */
const anchorsPerBlock = 256;

function meanOfTriplets(cosine: tf.Tensor2D, { isPositive, isNegative }: Pairs, { margin, mining, distance, average }: Options): tf.Scalar {
  return differentiable([cosine], (save) => {
    let [sum, number] = [0, 0];
    const [rows, columns] = cosine.shape;
    const slopes: tf.Tensor2D[] = [];
    for (let from = 0; from < rows; from += anchorsPerBlock) {
      const numAnchors = Math.min(anchorsPerBlock, rows - from);
      const block = (tensor: tf.Tensor2D) => tf.slice(tensor, [from, 0], [numAnchors, columns]);
      const slope = tf.tidy(() => {
        const squared = tf.relu(tf.sub(2, tf.mul(block(cosine), 2)));
        const distances = distance === 'squared' ? squared : tf.sqrt(squared);
        const kinds = tf.sub(block(isPositive), block(isNegative));
        const given = { distances: distances.dataSync<'float32'>(), kinds: kinds.dataSync<'float32'>() };
        const mined = mineTriplets(given, { numAnchors, margin, mining });
        sum += mined.sum;
        number += average === 'mined' ? mined.numMined : mined.numViolating;
        // d distance / d cosine = -2 of d^2, -1 / d of d.
        const byDistance = tf.tensor2d(mined.slope, [numAnchors, columns]);
        return tf.mul(byDistance, distance === 'squared' ? -2 : tf.div(-1, tf.maximum(distances, shortestChord))) as tf.Tensor2D;
      });
      slopes.push(slope);
    }
    save([tf.concat(slopes, 0)]);
    const divisor = Math.max(1, number);
    return { value: tf.scalar(sum / divisor), backward: (dy, [slope]) => [tf.mul(slope, tf.div(dy, divisor))] };
  });
}
