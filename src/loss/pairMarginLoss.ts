import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { chordLength } from '../ops/chordLength.js';
import { checkOptions, defineLoss } from './defineLoss.js';
import { cosines, labelPairs } from './pairs.js';
import { requireLabels } from './requireLabels.js';

const keys = {
  margin: z
    .number()
    .min(0)
    .max(2)
    .default(1)
    .describe('negatives nearer than this Euclidean distance (of unit rows: 0 .. 2) are pushed away'),
  form: z
    .enum(['squared', 'spring'])
    .default('squared')
    .describe(
      'squared = d^2 / 2 and max(0, margin - d)^2 / 2 (Hadsell); spring = d / 2 and max(0, margin - d) / 2, a pull that does not fade',
    ),
  average: z
    .enum(['kinds', 'nonZero', 'pairs'])
    .default('kinds')
    .describe('kinds = mean over positives plus mean over negatives; nonZero = likewise, of pairs above 0; pairs = mean over all pairs'),
};

export type PairMarginOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: pairMargin`. */
export const pairMargin = defineLoss({
  name: 'pairMargin',
  description: 'max-margin loss of pairs: positives are pulled together, negatives nearer than a margin pushed apart',
  options: keys,
  needsNegatives: () => false,
  usesNegatives: () => true,
  compute: (pairs, { margin, form, average }) =>
    tf.tidy(() => {
      const cosine = cosines(pairs);
      const distance = chordLength(cosine);
      const short = tf.relu(tf.sub(margin, distance));
      // d^2 / 2 = 1 - cosine.
      const pull = form === 'squared' ? tf.relu(tf.sub(1, cosine)) : tf.div(distance, 2);
      const push = tf.div(form === 'squared' ? tf.square(short) : short, 2);
      const positives = tf.mul(pull, pairs.isPositive);
      const negatives = tf.mul(push, pairs.isNegative);
      if (average === 'pairs') return over(tf.add(tf.sum(positives), tf.sum(negatives)), tf.add(pairs.isPositive, pairs.isNegative));
      const counted = (values: tf.Tensor, isKind: tf.Tensor) => (average === 'kinds' ? isKind : tf.step(values));
      return tf.add(
        over(tf.sum(positives), counted(positives, pairs.isPositive)),
        over(tf.sum(negatives), counted(negatives, pairs.isNegative)),
      );
    }),
});

/**
 * Max-margin loss of pairs (Hadsell, Chopra & LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping", equation 4), d being
 * the Euclidean distance of L2-normalised rows: `d^2 / 2` for rows of one label, `max(0, margin - d)^2 / 2` for others. `form: 'spring'`
 * leaves out the squares, as the two-view survey prints it. The paper adds up all pairs; here each kind has its own mean, so that few
 * positives weigh as much as many negatives (`average: 'pairs'` is the mean over all pairs). Equal rows have no direction in which to be
 * pushed apart and are not moved.
 *
 * @param embeddings `[rows, dim]`, of any length, 2 rows or more
 * @param labels int32 `[rows]`, one of them at two rows at least
 *
 * @example
 * ```ts
 * import { pairMarginLoss, tf } from 'audiossl';
 * pairMarginLoss(tf.tensor2d([[1, 0], [1, 0], [0, 1], [0, 1]]), tf.tensor1d([0, 0, 1, 1], 'int32')); // => 0
 * ```
 */
export function pairMarginLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: PairMarginOptions = {}): tf.Scalar {
  const checked = checkOptions('pairMarginLoss', pairMargin, options);
  requireLabels('pairMarginLoss', embeddings, labels, { needsNegatives: false });
  return tf.tidy(() => pairMargin.compute(labelPairs(embeddings, labels), checked));
}

/** A sum over the number of what it is made of; 0 where there is nothing. */
function over(sum: tf.Tensor, isCounted: tf.Tensor): tf.Scalar {
  return tf.div(sum, tf.maximum(tf.sum(isCounted), 1));
}
