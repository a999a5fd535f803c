import * as tf from '@tensorflow/tfjs-core';
import type { CheckpointMetadata } from './checkpoint.js';

/** (x - mean) / standardDeviation of `[batch, time, mel]`; the numbers are of length 1 (all bands alike) or nMels. */
export function standardise(patches: tf.Tensor3D, { mean, standardDeviation }: CheckpointMetadata['standardisation']): tf.Tensor3D {
  return tf.tidy(() => tf.div(tf.sub(patches, tf.tensor1d(mean)), tf.tensor1d(standardDeviation)));
}
