import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { labelLogProbabilities } from './crossEntropyRows.js';

/** The authors' guard: without it the gradient has no bound where the label's probability is 0. */
const smallestProbability = 1e-8;

/**
 * Generalised cross-entropy, L_q (Zhang & Sabuncu 2018, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy
 * Labels", equation 6; as in Fonseca et al. 2019, "Learning Sound Event Classifiers from Web Audio with Noisy Labels"), mean over rows:
 * `(1 - (p + 1e-8)^q) / q`, p being the probability of the label. It lies between cross-entropy (q towards 0) and the mean absolute error
 * (q = 1), which wrong labels harm less: a row's gradient is that of cross-entropy times p^q.
 *
 * @param logits raw scores `[rows, classes]`
 * @param labels int32 `[rows]`
 *
 * @example
 * ```ts
 * import { lqLoss, tf } from 'audiossl';
 * lqLoss(tf.tensor2d([[0, 0]]), tf.tensor1d([1], 'int32'), { q: 0.7 }); // => 0.5492
 * ```
 */
export function lqLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, { q = 0.7 }: { q?: number } = {}): tf.Scalar {
  if (!(q > 0 && q <= 1)) throw new AudiosslError(`lqLoss: q must be above 0 and at most 1, got ${q}`);
  return tf.tidy(() => {
    const probability = tf.add(tf.exp(labelLogProbabilities(logits, labels)), smallestProbability);
    return tf.div<tf.Scalar>(tf.sub(1, tf.mean(tf.pow(probability, q))), q);
  });
}
