import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { checkOptions, defineLoss } from './defineLoss.js';
import { cosines, labelPairs } from './pairs.js';
import { requireLabels } from './requireLabels.js';
import { softmaxOverAll, softmaxOverNegatives } from './softmaxTerms.js';
import { temperature } from './temperature.js';

const keys = {
  temperature: temperature(0.1),
  denominator: z
    .enum(['all', 'negatives'])
    .default('all')
    .describe("what a positive is compared with: all = the anchor's positives and negatives (SupCon); negatives = its negatives alone"),
};

export type SupConOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: supCon`. */
export const supCon = defineLoss({
  name: 'supCon',
  description: 'supervised contrastive loss: every row of the same label is a positive',
  options: keys,
  compute: (pairs, { temperature, denominator }) =>
    tf.tidy(() => {
      const logits = tf.div<tf.Tensor2D>(cosines(pairs), temperature);
      return denominator === 'all' ? softmaxOverAll(logits, pairs) : softmaxOverNegatives(logits, pairs);
    }),
  valueAtChance: (numNegatives) => Math.log(1 + numNegatives),
});

/**
 * SupCon (Khosla et al. 2020, "Supervised Contrastive Learning", equation 2, the mean outside the logarithm), mean over the anchors that
 * have a positive: with P the other rows of the anchor's label and N the rows of other labels,
 * `L_i = -1/|P| sum over p in P of log( exp(s_ip / temperature) / sum over k in P and N of exp(s_ik / temperature) )`. The supervised
 * NT-Xent of the four-losses comparison is the same number. `denominator: 'negatives'` leaves the other positives out of the sum
 * (pytorch-metric-learning's `NTXentLoss`, there averaged over pairs instead of anchors).
 *
 * @param embeddings `[rows, dim]`, of any length, 2 rows or more
 * @param labels int32 `[rows]`, one of them at two rows at least
 *
 * @example
 * ```ts
 * import { supConLoss, tf } from 'audiossl';
 * const embeddings = tf.tensor2d([[1, 0], [1, 0], [0, 1], [0, 1]]);
 * supConLoss(embeddings, tf.tensor1d([0, 0, 1, 1], 'int32'), { temperature: 1 }); // => 0.5514
 * ```
 */
export function supConLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: SupConOptions = {}): tf.Scalar {
  const checked = checkOptions('supConLoss', supCon, options);
  requireLabels('supConLoss', embeddings, labels, { needsNegatives: false });
  return tf.tidy(() => supCon.compute(labelPairs(embeddings, labels), checked));
}
