import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** `log(1 + exp(x))` without overflow; its slope is the sigmoid. */
export function softplus<T extends tf.Tensor>(x: T): T {
  return differentiable([x], (save) => {
    save([tf.sigmoid(x)]);
    return { value: tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x))))) as T, backward: (dy, [slope]) => [tf.mul(dy, slope)] };
  });
}
