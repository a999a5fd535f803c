import * as tf from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import { checkOptions, defineLoss } from './defineLoss.js';
import { requirePairs } from './pairRows.js';
import { cosines, crossPairs, type Pairs } from './pairs.js';
import { softmaxOverAll } from './softmaxTerms.js';
import { temperature } from './temperature.js';

const keys = { temperature: temperature(0.1) };

export type SoftmaxContrastiveOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: softmaxContrastive`. Of two views of a batch a row is compared with the other view alone, in both directions. */
export const softmaxContrastive = defineLoss({
  name: 'softmaxContrastive',
  description: "(N+1)-way softmax: which row of the other view is the anchor's own",
  options: keys,
  compute: (pairs, { temperature }) =>
    tf.tidy(() => softmaxOverAll(tf.div(cosines(pairs), temperature), { ...pairs, isNegative: acrossViews(pairs) })),
});

/**
 * (N+1)-way softmax of two views in one direction, mean over the rows of `a` (the two-view survey's softmax; L^12 of Tian, Krishnan &
 * Isola 2020, "Contrastive Multiview Coding", equation 3): `L_i = -log( exp(a_i b_i / temperature) / sum over j of exp(a_i b_j / temperature) )`.
 * Rows of `a` are not compared with one another. CMC adds both directions: `softmaxContrastiveLoss(a, b) + softmaxContrastiveLoss(b, a)`.
 *
 * @param a first views `[n, dim]`, n >= 2; `b` second views
 *
 * @example
 * ```ts
 * import { softmaxContrastiveLoss, tf } from 'audiossl';
 * const a = tf.tensor2d([[1, 0], [0, 1]]);
 * Number.isFinite(softmaxContrastiveLoss(a, a).dataSync()[0]); // => true
 * ```
 */
export function softmaxContrastiveLoss(a: tf.Tensor2D, b: tf.Tensor2D, options: SoftmaxContrastiveOptions = {}): tf.Scalar {
  const checked = checkOptions('softmaxContrastiveLoss', softmaxContrastive, options);
  requirePairs('softmaxContrastiveLoss', a, b);
  return tf.tidy(() => softmaxContrastive.compute(crossPairs(a, b), checked));
}

/** The negatives that are no views of the anchor's own kind. */
function acrossViews({ isNegative, numViewPairs: n }: Pairs): tf.Tensor2D {
  if (n === undefined) return isNegative;
  const across = tf.sub(1, tf.eye(n)) as tf.Tensor2D;
  const none = tf.zeros<tf.Rank.R2>([n, n]);
  return tf.concat([tf.concat([none, across], 1), tf.concat([across, none], 1)], 0);
}
