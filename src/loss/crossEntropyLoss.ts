import type * as tf from '@tensorflow/tfjs-core';
import { softmaxCrossEntropy } from '../ops/softmaxCrossEntropy.js';

/**
 * Softmax cross-entropy, mean over rows: `logsumexp(logits_i) - logits_i[label_i]`. ln(classes) when all scores are equal.
 *
 * @param logits raw scores `[rows, classes]`
 * @param labels int32 `[rows]`, each in 0 .. classes - 1
 *
 * @example
 * ```ts
 * import { crossEntropyLoss, tf } from 'audiossl';
 * crossEntropyLoss(tf.tensor2d([[0, 0], [0, 0]]), tf.tensor1d([0, 1], 'int32')); // => 0.6931
 * ```
 */
export function crossEntropyLoss(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  return softmaxCrossEntropy(logits, labels);
}
