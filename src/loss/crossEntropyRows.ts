import * as tf from '@tensorflow/tfjs-core';

/** Softmax cross-entropy of each row, `-log p(label)`. `[rows, classes]`, int32 `[rows]` -> `[rows]` */
export function crossEntropyRows(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.neg(labelLogProbabilities(logits, labels));
}

/** `log p(label)` of each row: `[rows]`. */
export function labelLogProbabilities(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => {
    const isLabel = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
    return tf.sum<tf.Tensor1D>(tf.mul(tf.logSoftmax(logits), isLabel), 1);
  });
}
