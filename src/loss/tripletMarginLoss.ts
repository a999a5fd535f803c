import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { chordLength } from '../ops/chordLength.js';
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
  compute: (pairs, options) =>
    tf.tidy(() => {
      const cosine = cosines(pairs);
      const distances = options.distance === 'squared' ? tf.relu(tf.sub(2, tf.mul(cosine, 2))) : chordLength(cosine);
      return meanOfTriplets(distances as tf.Tensor2D, pairs, options);
    }),
});

/**
 * Triplet loss, the mean over mined triplets of `max(0, d_ap - d_an + margin)`, d being the squared Euclidean distance of L2-normalised
 * rows (Schroff et al. 2015, equation 1) or the distance itself. All triplets of the batch are considered, whatever the mining: they are
 * not listed but summed in sorted order, so memory grows with the square of the rows. 0 where no triplet counts (no fallback negative is
 * taken). Easy triplets have a loss of 0 by definition.
 *
 * @param embeddings `[rows, dim]`, of any length, 3 rows or more
 * @param labels int32 `[rows]`, of two classes or more, one of them at two rows at least
 */
export function tripletMarginLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: TripletMarginOptions = {}): tf.Scalar {
  const checked = checkOptions('tripletMarginLoss', tripletMargin, options);
  requireLabels('tripletMarginLoss', embeddings, labels, { needsNegatives: true });
  return tf.tidy(() => tripletMargin.compute(labelPairs(embeddings, labels), checked));
}

function meanOfTriplets(distances: tf.Tensor2D, pairs: Pairs, { margin, mining, average }: Options): tf.Scalar {
  return differentiable([distances], (save) => {
    const read = (tensor: tf.Tensor) => tensor.dataSync<'float32'>();
    const values = { distances: read(distances), isPositive: read(pairs.isPositive), isNegative: read(pairs.isNegative) };
    const { sum, numMined, numViolating, slope } = mineTriplets(values, { numAnchors: distances.shape[0], margin, mining });
    const divisor = Math.max(1, average === 'mined' ? numMined : numViolating);
    save([tf.tensor2d(slope, distances.shape)]);
    return { value: tf.scalar(sum / divisor), backward: (dy, [slope]) => [tf.mul(slope, tf.div(dy, divisor))] };
  });
}
