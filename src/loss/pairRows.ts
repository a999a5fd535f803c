import type * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';

/** Throws unless `a` and `b` are `[n, dim]` of one shape with n >= 2: with a single pair there are no negatives. */
export function requirePairs(who: string, a: tf.Tensor2D, b: tf.Tensor2D): void {
  if (a.rank !== 2 || b.rank !== 2 || a.shape[0] !== b.shape[0] || a.shape[1] !== b.shape[1] || a.shape[0] < 2) {
    throw new AudiosslError(`${who}: both views must be [n, dim] of one shape with n >= 2, got [${a.shape}] and [${b.shape}]`);
  }
}
