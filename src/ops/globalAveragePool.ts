import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** Mean over time and mel: `[batch, time, mel, channel]` -> `[batch, channel]`. Nothing is saved for backward. */
export function globalAveragePool(x: tf.Tensor4D): tf.Tensor2D {
  const [batch, time, mel, channels] = x.shape;
  return differentiable([x], () => ({
    value: tf.mean<tf.Tensor2D>(x, [1, 2]),
    backward: (dy) => [tf.tile(tf.reshape(tf.div(dy, time * mel), [batch, 1, 1, channels]), [1, time, mel, 1])],
  }));
}
