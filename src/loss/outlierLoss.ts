import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { crossEntropyRows } from './crossEntropyRows.js';
import { keepRows, type ThinnedLoss } from './keepRows.js';

/**
 * Cross-entropy without the rows whose loss exceeds the batch's median by more than `deviations` standard deviations (Fonseca et al. 2019,
 * "Learning Sound Event Classifiers from Web Audio with Noisy Labels", outlier discarding in its code): rows that fit far worse than the others, as likely to be mislabelled. The standard deviation is that of the batch (divided
 * by its size, not one less).
 *
 * @param logits raw scores `[rows, classes]`
 * @param labels int32 `[rows]`
 *
 * @example
 * ```ts
 * import { outlierLoss, tf } from 'audiossl';
 * const logits = tf.tensor2d([[9, 0], [9, 0], [9, 0], [9, 0], [9, 0], [0, 9]]);
 * outlierLoss(logits, tf.zeros([6], 'int32')).numDiscarded; // => 1
 * ```
 */
export function outlierLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, { deviations = 1.9 }: { deviations?: number } = {}): ThinnedLoss {
  if (!(deviations >= 0)) throw new AudiosslError(`outlierLoss: deviations must be 0 or more, got ${deviations}`);
  return tf.tidy(() =>
    keepRows(crossEntropyRows(logits, labels), (losses) => {
      const deviation = tf.sqrt(tf.moments(losses).variance);
      return tf.add<tf.Scalar>(median(losses), tf.mul(deviation, deviations));
    }),
  );
}

/** The middle value; of an even number of values the mean of the middle two. */
function median(values: tf.Tensor1D): tf.Scalar {
  const largest = tf.topk(values, Math.floor(values.size / 2) + 1).values;
  const numMiddle = values.size % 2 === 0 ? 2 : 1;
  return tf.mean<tf.Scalar>(tf.slice(largest, largest.size - numMiddle, numMiddle));
}
