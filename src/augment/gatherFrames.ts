import * as tf from '@tensorflow/tfjs-core';

/**
 * Reorders the frames of each patch: `out[b, t] = batch[b, frameOf(b, t)]`. Exact: values are moved, not computed.
 * @param batch `[batch, time, mel]`
 */
export function gatherFrames(batch: tf.Tensor3D, frameOf: (patch: number, frame: number) => number): tf.Tensor3D {
  const [numPatches, numFrames, nMels] = batch.shape;
  const rows = new Int32Array(numPatches * numFrames);
  for (let b = 0; b < numPatches; b++) for (let t = 0; t < numFrames; t++) rows[b * numFrames + t] = b * numFrames + frameOf(b, t);
  return tf.tidy(() => {
    const frames = tf.reshape(batch, [numPatches * numFrames, nMels]); // [batch * time, mel]
    return tf.reshape(tf.gather(frames, tf.tensor1d(rows, 'int32')), [numPatches, numFrames, nMels]);
  });
}
