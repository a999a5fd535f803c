import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { unitRows } from './unitRows.js';

/**
 * `uniformity` for many rows: the products of blocks of rows run on the current backend, which also sums them, so that memory stays at one
 * block of `blockRows`^2 products beside the rows. Sums of a block are float32, sums of blocks double: within 1e-5 of the double loop.
 * @param embeddings `[n, dim]` row-major, n >= 2
 */
export async function uniformityInBlocks(
  embeddings: ArrayLike<number>,
  dim: number,
  { t = 2, blockRows = 1024 }: { t?: number; blockRows?: number } = {},
): Promise<number> {
  const rows = unitRows(embeddings, dim);
  const n = rows.length / dim;
  if (n < 2) throw new AudiosslError(`uniformity: needs at least 2 rows, got ${n}`);
  const toBlock = (first: number) => {
    const size = Math.min(blockRows, n - first);
    return tf.tensor2d(Float32Array.from(rows.subarray(first * dim, (first + size) * dim)), [size, dim]);
  };
  let sum = 0;
  for (let a = 0; a < n; a += blockRows) {
    const left = toBlock(a);
    try {
      for (let b = a; b < n; b += blockRows) {
        const total = tf.tidy(() => {
          const product = tf.matMul(left, tf.transpose(toBlock(b)));
          // |x - y|^2 = 2 - 2 x.y for unit rows; rounding must not make it negative.
          const kernel = tf.exp(tf.mul(tf.maximum(tf.sub(2, tf.mul(product, 2)), 0), -t));
          return tf.sum(b === a ? tf.mul(kernel, above(left.shape[0])) : kernel);
        });
        sum += (await total.data())[0];
        total.dispose();
      }
    } finally {
      left.dispose();
    }
    await new Promise(setImmediate);
  }
  return Math.log(sum / ((n * (n - 1)) / 2));
}

/** 1 above the diagonal, 0 elsewhere: each pair once, no row with itself. */
function above(size: number): tf.Tensor2D {
  const mask = new Float32Array(size * size);
  for (let row = 0; row < size; row++) mask.fill(1, row * size + row + 1, (row + 1) * size);
  return tf.tensor2d(mask, [size, size]);
}
