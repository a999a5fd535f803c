import * as tf from '@tensorflow/tfjs-core';

/** Number of positives of each anchor, `[anchor]`, at least 1 to divide by; and 1 for anchors that have one, 0 for others. */
export function countPositives(isPositive: tf.Tensor2D): { divisor: tf.Tensor1D; hasPositive: tf.Tensor1D } {
  const count = tf.sum<tf.Tensor1D>(isPositive, 1);
  return { divisor: tf.maximum(count, 1), hasPositive: tf.minimum(count, 1) };
}

/** Mean over the anchors that have a positive; 0 where none has. `perAnchor` is `[anchor]` and finite for the others too. */
export function meanOverAnchors(perAnchor: tf.Tensor1D, hasPositive: tf.Tensor1D): tf.Scalar {
  return tf.div(tf.sum(tf.mul(perAnchor, hasPositive)), tf.maximum(tf.sum(hasPositive), 1));
}
