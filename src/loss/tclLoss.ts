import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { weightedLogSumExp } from '../ops/weightedLogSumExp.js';
import { checkOptions, defineLoss } from './defineLoss.js';
import { countPositives, meanOverAnchors } from './meanOverAnchors.js';
import { cosines, labelPairs } from './pairs.js';
import { requireLabels } from './requireLabels.js';
import { temperature } from './temperature.js';

const keys = {
  temperature: temperature(0.1),
  k1: z.number().min(0).max(1e30).default(5000).describe('weight of exp(-cosine) of the positives in the sum: hard positives pull more'),
  k2: z.number().positive().max(1e30).default(1).describe('weight of the negatives in the sum: hard negatives push more'),
};

export type TclOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: tcl`. */
export const tcl = defineLoss({
  name: 'tcl',
  description: 'tuned contrastive loss: SupCon with weights k1 of hard positives and k2 of negatives',
  options: keys,
  compute: (pairs, { temperature, k1, k2 }) =>
    tf.tidy(() => {
      const { isPositive, isNegative } = pairs;
      const cosine = cosines(pairs);
      const logits = tf.div<tf.Tensor2D>(cosine, temperature);
      const { divisor, hasPositive } = countPositives(isPositive);
      const contrast = weightedLogSumExp(logits, tf.add(isPositive, k2 === 1 ? isNegative : tf.mul(isNegative, k2)));
      const logSum = k1 === 0 ? contrast : logAddExp(contrast, tf.add(weightedLogSumExp(tf.neg(cosine), isPositive), Math.log(k1)));
      const pull = tf.div(tf.sum(tf.mul(logits, isPositive), 1), divisor);
      return meanOverAnchors(tf.sub(logSum, pull), hasPositive);
    }),
  valueAtChance: (numNegatives, { temperature, k1, k2 }) => Math.log(1 + k2 * numNegatives + k1 * Math.exp(-1 - 1 / temperature)),
});

/**
 * Tuned contrastive learning (TCL; Animesh & Chandraker 2023, "Tuned Contrastive Learning"), mean over the anchors that have a positive;
 * the paper sums over them, the authors' code takes the mean. With P the other rows of the anchor's label and N the rows of other labels,
 * `L_i = -1/|P| sum over p of log( exp(s_ip / temperature) / D_i )`,
 * `D_i = sum over p of exp(s_ip / temperature) + k1 sum over p of exp(-s_ip) + k2 sum over n of exp(s_in / temperature)`; no temperature in
 * the middle term. The paper takes k1, k2 >= 1; k1 = 0, k2 = 1 is SupCon. Anchors without a positive divide by 0 in the authors' code and
 * are left out here.
 *
 * Without labels, with two views of each clip or more: the clip's number is the label.
 *
 * @param embeddings `[rows, dim]`, of any length, 2 rows or more
 * @param labels int32 `[rows]`, one of them at two rows at least
 *
 * @example
 * ```ts
 * import { tclLoss, tf } from 'audiossl';
 * const loss = tclLoss(tf.tensor2d([[1, 0], [1, 0], [0, 1], [0, 1]]), tf.tensor1d([0, 0, 1, 1], 'int32'));
 * Number.isFinite(loss.dataSync()[0]); // => true
 * ```
 */
export function tclLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: TclOptions = {}): tf.Scalar {
  const checked = checkOptions('tclLoss', tcl, options);
  requireLabels('tclLoss', embeddings, labels, { needsNegatives: false });
  return tf.tidy(() => tcl.compute(labelPairs(embeddings, labels), checked));
}

/** `log(exp(a) + exp(b))` of each element. */
function logAddExp(a: tf.Tensor1D, b: tf.Tensor1D): tf.Tensor1D {
  const both = tf.stack<tf.Tensor1D>([a, b], 1) as tf.Tensor2D;
  return weightedLogSumExp(both, tf.onesLike(both));
}
