import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * Adds one number a channel, the bias of a convolution. Unlike `tf.add` it saves nothing for backward, where only the sum of dy is needed.
 *
 * @param x `[batch, time, mel, channel]`
 * @param bias `[channel]`
 */
export function biasAdd(x: tf.Tensor4D, bias: tf.Tensor): tf.Tensor4D {
  return differentiable([x, bias], () => ({
    value: tf.add<tf.Tensor4D>(x, bias),
    backward: (dy) => [dy, tf.sum(dy, [0, 1, 2])],
  }));
}
