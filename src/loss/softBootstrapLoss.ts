import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';

/**
 * Soft bootstrapping (Reed et al. 2015, "Training Deep Neural Networks on Noisy Labels with Bootstrapping", equation 6; as in Fonseca et
 * al. 2019, "Learning Sound Event Classifiers from Web Audio with Noisy Labels"), mean over rows: cross-entropy against
 * `beta x label + (1 - beta) x p`, the label mixed with the network's own probabilities p. Gradients pass through both p, as in the
 * authors' code, so it equals `beta x cross-entropy + (1 - beta) x entropy of p`. beta = 1 is cross-entropy.
 *
 * @param logits raw scores `[rows, classes]`
 * @param labels int32 `[rows]`
 *
 * @example
 * ```ts
 * import { softBootstrapLoss, tf } from 'audiossl';
 * softBootstrapLoss(tf.tensor2d([[0, 0]]), tf.tensor1d([1], 'int32')); // => 0.6931
 * ```
 */
export function softBootstrapLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, { beta = 0.3 }: { beta?: number } = {}): tf.Scalar {
  if (!(beta >= 0 && beta <= 1)) throw new AudiosslError(`softBootstrapLoss: beta must be in 0 .. 1, got ${beta}`);
  return tf.tidy(() => {
    const logProbabilities = tf.logSoftmax(logits);
    const isLabel = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
    const target = tf.add(tf.mul(isLabel, beta), tf.mul(tf.exp(logProbabilities), 1 - beta));
    return tf.neg<tf.Scalar>(tf.mean(tf.sum(tf.mul(target, logProbabilities), 1)));
  });
}
