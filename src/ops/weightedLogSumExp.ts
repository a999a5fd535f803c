import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** Far below any logit, and its exponential is exactly 0. */
const excluded = -1e9;

/**
 * Of each row `log(sum over k of w_k exp(x_k))`, without overflow; about -1e9, and no gradient, where all weights of a row are 0.
 * Differentiable by `x`: the weighted softmax.
 *
 * @param x `[rows, columns]`
 * @param weights `[rows, columns]`, 0 or more; 0 leaves a value out
 * @returns `[rows]`
 */
export function weightedLogSumExp(x: tf.Tensor2D, weights: tf.Tensor2D): tf.Tensor1D {
  return differentiable([x], (save) => {
    const kept = tf.where(tf.cast(weights, 'bool'), x, excluded);
    const largest = tf.max(kept, 1, true);
    const exponentials = tf.mul(tf.exp(tf.sub(kept, largest)), weights);
    const sums = tf.maximum(tf.sum(exponentials, 1, true), 1e-30);
    save([tf.div(exponentials, sums)]);
    return {
      value: tf.squeeze<tf.Tensor1D>(tf.add(tf.log(sums), largest), [1]),
      backward: (dy, [softmax]) => [tf.mul(softmax, tf.expandDims(dy, 1))],
    };
  });
}
