import * as tf from '@tensorflow/tfjs-core';

/** Matrices of a batch, `[batch, size, size]`, row-major: row = output position, column = input position. */
export interface AxisMatrices {
  data: Float32Array;
  size: number;
}

/** `batch` zero matrices, filled row by row by `fillPatch(matrix, index)`, where `matrix` is a view of `size * size` values. */
export function axisMatrices(batch: number, size: number, fillPatch: (matrix: Float32Array, index: number) => void): AxisMatrices {
  const data = new Float32Array(batch * size * size);
  for (let i = 0; i < batch; i++) fillPatch(data.subarray(i * size * size, (i + 1) * size * size), i);
  return { data, size };
}

/**
 * A linear map of each axis, each patch its own: `out[b] = time[b] · batch[b] · mel[b]ᵀ`, two batched matrix products.
 * Resampling, shifting and blurring are all of this form, so a whole batch costs two kernel calls.
 * @param batch `[batch, time, mel]`
 */
export function applyAxisMatrices(batch: tf.Tensor3D, { time, mel }: { time?: AxisMatrices; mel?: AxisMatrices }): tf.Tensor3D {
  return tf.tidy(() => {
    const [numPatches] = batch.shape;
    let out = batch;
    if (time) out = tf.matMul(tf.tensor3d(time.data, [numPatches, time.size, time.size]), out);
    if (mel) out = tf.matMul(out, tf.tensor3d(mel.data, [numPatches, mel.size, mel.size]), false, true);
    return out === batch ? tf.clone(batch) : out;
  });
}
