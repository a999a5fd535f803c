import * as tf from '@tensorflow/tfjs-core';
import { ntXent } from '../ops/ntXent.js';
import { AudiosslError } from '../util/errors.js';
import { defineLoss } from './defineLoss.js';
import { requirePairs } from './pairRows.js';
import { cosines } from './pairs.js';
import { softmaxOverAll } from './softmaxTerms.js';
import { lowestTemperature, temperature } from './temperature.js';

/** `loss.name: ntXent`. Two views of a batch go through the fused op. */
export const ntXentOfPairs = defineLoss({
  name: 'ntXent',
  description: 'NT-Xent: cross-entropy of the positive among all candidates',
  options: { temperature: temperature(0.2).describe('of NT-Xent: cosines are divided by it') },
  compute: (pairs, { temperature }) =>
    pairs.numViewPairs === undefined || pairs.cosines !== undefined
      ? tf.tidy(() => softmaxOverAll(tf.div(cosines(pairs), temperature), pairs))
      : ntXent(pairs.anchors, temperature),
  valueAtChance: (numNegatives) => Math.log(1 + numNegatives),
});

/**
 * NT-Xent, the contrastive loss of SimCLR (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations",
 * equation 1), mean over all 2 n anchors: row i of `a` and row i of `b` are a positive pair, every other row of both is a negative. Cosine
 * similarity, so the rows may have any length. `loss_i = -log( exp(s_ip / temperature) / sum over k != i of exp(s_ik / temperature) )`;
 * ln(2n - 1) when all rows are equal. The authors add 1e-10 inside their logarithms and take exponentials without subtracting the maximum;
 * this is the exact value.
 *
 * @param a first views `[n, dim]`, n >= 2; `b` second views
 *
 * @example
 * ```ts
 * import { ntXentLoss, tf } from 'audiossl';
 * const a = tf.tensor2d([[1, 0], [0, 1]]);
 * ntXentLoss(a, a, { temperature: 1 }); // => 0.5514
 * ```
 */
export function ntXentLoss(a: tf.Tensor2D, b: tf.Tensor2D, { temperature = 0.2 }: { temperature?: number } = {}): tf.Scalar {
  requirePairs('ntXentLoss', a, b);
  if (!(temperature >= lowestTemperature))
    throw new AudiosslError(`ntXentLoss: temperature must be ${lowestTemperature} or more, got ${temperature}`);
  return tf.tidy(() => ntXent(tf.concat([a, b], 0), temperature));
}
