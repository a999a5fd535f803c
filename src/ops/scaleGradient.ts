import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * `x` itself, with its gradient multiplied by weights of x's shape: `w x + stopGradient(x - w x)`.
 *
 * @param weights made where no gradient is followed
 */
export function scaleGradient<T extends tf.Tensor>(x: T, weights: () => tf.Tensor): T {
  return differentiable([x], (save) => {
    save([weights()]);
    return { value: tf.clone(x), backward: (dy, [weights]) => [tf.mul(dy, weights)] };
  });
}

/** `x` itself, a constant for whoever differentiates. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return differentiable([x], () => ({ value: tf.clone(x), backward: () => [tf.zerosLike(x)] }));
}
