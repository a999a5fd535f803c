import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { crossEntropyRows } from './crossEntropyRows.js';
import { keepRows, type ThinnedLoss } from './keepRows.js';

/**
 * Cross-entropy without the rows whose loss exceeds `share` of the largest in the batch (Jeong & Lim 2018; icassp19's maximum threshold):
 * the row that fits worst is always left out, and those near it, as likely to be mislabelled.
 *
 * @param logits raw scores `[rows, classes]`
 * @param labels int32 `[rows]`
 *
 * @example
 * ```ts
 * import { maxThresholdLoss, tf } from 'audiossl';
 * const { loss, numDiscarded } = maxThresholdLoss(tf.tensor2d([[3, 0], [0, 3]]), tf.tensor1d([0, 0], 'int32'));
 * numDiscarded; // => 1
 * ```
 */
export function maxThresholdLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, { share = 0.6 }: { share?: number } = {}): ThinnedLoss {
  if (!(share >= 0 && share <= 1)) throw new AudiosslError(`maxThresholdLoss: share must be in 0 .. 1, got ${share}`);
  return tf.tidy(() => keepRows(crossEntropyRows(logits, labels), (losses) => tf.mul(tf.max(losses), share)));
}
