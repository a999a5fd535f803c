import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';

/** One number a patch as `[batch, 1, 1]`, ready to be broadcast over time and mel. */
export function perPatch(values: readonly number[]): tf.Tensor3D {
  return tf.tensor3d(Float32Array.from(values), [values.length, 1, 1]);
}

/** Each patch of a batch needs its own parameters: throws unless the counts agree. */
export function checkParams(who: string, batch: tf.Tensor3D, params: readonly unknown[]): void {
  if (batch.shape[0] !== params.length) {
    throw new AudiosslError(`${who}: needs one set of parameters a patch, got ${params.length} for a batch of ${batch.shape[0]}`);
  }
}
