import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { fillNormals } from './fillNormals.js';

const kernelName = 'AudiosslGaussianNoise';

/**
 * Counter-based Gaussian noise: row b is `standardDeviations[b]` times standard normals that depend on `keys[b]` and the position in the
 * row alone, so any row can be made again from its key, on any backend, within 1e-6 of the unit normal.
 *
 * Definition. Row b has `n = shape[1] * shape[2] * ...` bins. Bin i belongs to block `q = floor(i / 4)`, lane `i mod 4`.
 * `(w0, w1, w2, w3) = Philox4x32-10(counter = (q, 0, 0, 0), key = keys[b])`, as `philox4x32` of util/rng computes it. With
 * `u(w) = ((w >>> 8) + 1) / 2^24` in (0, 1] and `v(w) = (w >>> 8) / 2^24` in [0, 1), both exact in float32 (Box-Muller):
 *
 *     lane 0 = sqrt(-2 ln u(w0)) cos(2 pi v(w1))        lane 2 = sqrt(-2 ln u(w2)) cos(2 pi v(w3))
 *     lane 1 = sqrt(-2 ln u(w0)) sin(2 pi v(w1))        lane 3 = sqrt(-2 ln u(w2)) sin(2 pi v(w3))
 *
 * A float32 implementation keeps within 1e-6 when it takes the nearest quarter turn off v (exact) before it multiplies by 2 pi.
 *
 * Native kernel `AudiosslGaussianNoise`: inputs `keys` int32 `[batch, 2]` (bit patterns of the unsigned words), `standardDeviations`
 * float32 `[batch]`; attrs `shape` number[] (`shape[0]` = batch); output float32 `shape`. No gradient.
 *
 * @param keys `[batch, 2]`, two unsigned 32-bit words a row
 * @param standardDeviations one a row
 * @param shape of the result; `shape[0]` is the number of rows
 */
export function gaussianNoise<R extends tf.Rank>(
  keys: Uint32Array,
  standardDeviations: readonly number[],
  shape: tf.ShapeMap[R],
): tf.Tensor<R> {
  const batch = shape[0] ?? 1;
  if (keys.length !== 2 * batch || standardDeviations.length !== batch) {
    throw new AudiosslError(
      `gaussianNoise: shape [${shape}] needs ${2 * batch} key words and ${batch} standard deviations, ` +
        `got ${keys.length} and ${standardDeviations.length}`,
    );
  }
  if (tf.getKernel(kernelName, tf.getBackend())) {
    return tf.tidy(() => {
      const keyBits = tf.tensor2d(new Int32Array(keys), [batch, 2], 'int32');
      const inputs = { keys: keyBits, standardDeviations: tf.tensor1d(Float32Array.from(standardDeviations)) };
      return tf.engine().runKernel<tf.Tensor<R>>(kernelName, { ...inputs }, { shape: [...shape] });
    });
  }
  const rowSize = tf.util.sizeFromShape(shape.slice(1));
  const values = new Float32Array(batch * rowSize);
  for (let b = 0; b < batch; b++) {
    fillNormals(values.subarray(b * rowSize, (b + 1) * rowSize), keys[2 * b], keys[2 * b + 1], standardDeviations[b]);
  }
  return tf.tensor(values, shape);
}
