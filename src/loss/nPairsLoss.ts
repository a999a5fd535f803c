import * as tf from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import { checkOptions, defineLoss } from './defineLoss.js';
import { cosines, labelPairs } from './pairs.js';
import { requireLabels } from './requireLabels.js';
import { softmaxOverNegatives } from './softmaxTerms.js';
import { temperature } from './temperature.js';

const keys = { temperature: temperature(1) };

export type NPairsOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: nPairs`. */
export const nPairs = defineLoss({
  name: 'nPairs',
  description: 'multi-class N-pair loss: each positive against the negatives of its anchor',
  options: keys,
  compute: (pairs, { temperature }) => tf.tidy(() => softmaxOverNegatives(tf.div(cosines(pairs), temperature), pairs)),
  valueAtChance: (numNegatives) => Math.log(1 + numNegatives),
});

/**
 * Multi-class N-pair loss (Sohn 2016, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", equation 6), mean over
 * anchors i and their positives j: `log(1 + sum over k of another label of exp(z_i z_k - z_i z_j))`. Sohn's z have free lengths, held by a
 * penalty; here they are L2-normalised as everywhere, and `temperature` (1: the formula) gives the logits a range. Sohn draws one pair a
 * class; here every two rows of one label are a pair and every row of another label a negative.
 *
 * @param embeddings `[rows, dim]`, of any length, 3 rows or more
 * @param labels int32 `[rows]`, of two classes or more, one of them at two rows at least
 *
 * @example
 * ```ts
 * import { nPairsLoss, tf } from 'audiossl';
 * const loss = nPairsLoss(tf.tensor2d([[1, 0], [1, 0], [0, 1], [0, 1]]), tf.tensor1d([0, 0, 1, 1], 'int32'));
 * loss.dataSync()[0] < Math.log(2); // => true
 * ```
 */
export function nPairsLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: NPairsOptions = {}): tf.Scalar {
  const checked = checkOptions('nPairsLoss', nPairs, options);
  requireLabels('nPairsLoss', embeddings, labels, { needsNegatives: true });
  return tf.tidy(() => nPairs.compute(labelPairs(embeddings, labels), checked));
}
