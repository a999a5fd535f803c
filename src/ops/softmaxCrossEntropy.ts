import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { differentiable } from './differentiable.js';
import { hasNativeKernel, runKernels } from './nativeKernel.js';

/**
 * Mean over rows of `logsumexp(logits_i) - logits_i[label_i]`, PyTorch's `cross_entropy`. Differentiable by the logits.
 *
 * Native kernel `AudiosslSoftmaxCrossEntropy`: inputs logits [rows, classes], labels int32 [rows]; outputs [loss (scalar),
 * dLogits [rows, classes] = (softmax - oneHot) / rows].
 *
 * @param logits `[rows, classes]`
 * @param labels int32 `[rows]`, each in 0 .. classes - 1 (not checked: that would wait for the device)
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar {
  const [rows, classes] = logits.shape;
  if (labels.dtype !== 'int32' || labels.size !== rows) {
    throw new AudiosslError(`softmaxCrossEntropy: needs ${rows} labels of type int32, got ${labels.size} of ${labels.dtype}`);
  }
  return differentiable([logits], (save) => {
    const [loss, dLogits] = hasNativeKernel('AudiosslSoftmaxCrossEntropy')
      ? runKernels('AudiosslSoftmaxCrossEntropy', { logits, labels }, {})
      : composite(logits, tf.oneHot(labels, classes), rows);
    save([dLogits]);
    return { value: loss as tf.Scalar, backward: (dy, [dLogits]) => [tf.mul(dLogits, dy)] };
  });
}

function composite(logits: tf.Tensor2D, oneHot: tf.Tensor, rows: number): tf.Tensor[] {
  const shifted = tf.sub(logits, tf.max(logits, 1, true));
  const exponentials = tf.exp(shifted);
  const sums = tf.sum(exponentials, 1, true);
  const isLabel = tf.cast(oneHot, 'float32');
  const loss = tf.div(tf.sub(tf.sum(tf.log(sums)), tf.sum(tf.mul(shifted, isLabel))), rows);
  return [loss, tf.div(tf.sub(tf.div(exponentials, sums), isLabel), rows)];
}
