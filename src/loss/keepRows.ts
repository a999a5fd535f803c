import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../ops/differentiable.js';

/** A loss of which some rows are left out. */
export type ThinnedLoss = {
  /** Mean over all rows, those left out counting as 0 (as in the authors' code): the fewer are kept, the smaller the step. */
  loss: tf.Scalar;
  /** How many rows are left out. */
  numDiscarded: tf.Scalar;
};

/**
 * Leaves out the rows whose loss is above a threshold that is itself made of the losses; no gradient goes through the threshold.
 *
 * @param losses `[rows]`
 */
export function keepRows(losses: tf.Tensor1D, threshold: (losses: tf.Tensor1D) => tf.Scalar): ThinnedLoss {
  return tf.tidy(() => {
    const isKept = differentiable([losses], () => ({
      value: tf.cast<tf.Tensor1D>(tf.lessEqual(losses, threshold(losses)), 'float32'),
      backward: () => [tf.zerosLike(losses)],
    }));
    return { loss: tf.mean<tf.Scalar>(tf.mul(losses, isKept)), numDiscarded: tf.sub<tf.Scalar>(losses.size, tf.sum(isKept)) };
  });
}
