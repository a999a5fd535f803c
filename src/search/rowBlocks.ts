import * as tf from '@tensorflow/tfjs-core';
import type { EmbeddingTable } from '../embed/embeddingTable.js';
import { AudiosslError } from '../util/errors.js';

/** Rows of a table on the backend, with what makes an inner product of them a cosine. The consumer disposes of both. */
export interface RowBlock {
  first: number;
  /** `[count, dim]`, as they are in the file. */
  rows: tf.Tensor2D;
  /** `[1, count]`: 1 / length of each row; 0 for a row of zeros, which is like nothing. */
  inverseLengths: tf.Tensor2D;
}

/** 8,192 rows of 512 values are 16 MiB: large enough for full speed, small enough that a file of any length is searched in bounded memory. */
const ROWS_AT_ONCE = 8192;

/**
 * A table block by block; the next one is read from the disk while the caller computes. Throws AudiosslError naming the row and its
 * recording for values that are not finite: they would be like everything or like nothing, whatever the sound is.
 *
 * @example
 * ```ts
 * import { rowBlocks, tf } from 'audiossl';
 * const readRows = async (first, count) => new Float32Array(2 * count).fill(1);
 * const firsts = [];
 * for await (const { first, rows, inverseLengths } of rowBlocks({ dim: 2, ids: ['a', 'b', 'c'], timestamps: new Float64Array(3), readRows }, { rowsAtOnce: 2 })) {
 *   firsts.push(first);
 *   tf.dispose([rows, inverseLengths]);
 * }
 * firsts; // => [0, 2]
 * ```
 */
export async function* rowBlocks(
  { ids, dim, readRows }: EmbeddingTable,
  { rowsAtOnce = ROWS_AT_ONCE }: { rowsAtOnce?: number } = {},
): AsyncGenerator<RowBlock, void> {
  const read = (first: number) => readRows(first, Math.min(rowsAtOnce, ids.length - first));
  let next = ids.length > 0 ? read(0) : undefined;
  for (let first = 0; next !== undefined; first += rowsAtOnce) {
    const values = await next;
    next = first + rowsAtOnce < ids.length ? read(first + rowsAtOnce) : undefined;
    // Where the caller leaves early, or the block below is refused, nobody waits for it any more.
    next?.catch(() => undefined);
    yield blockOf(values, { first, dim, ids });
  }
}

function blockOf(values: Float32Array, { first, dim, ids }: { first: number; dim: number; ids: readonly string[] }): RowBlock {
  const rows = tf.tensor2d(values, [values.length / dim, dim]);
  const squares = tf.tidy(() => tf.sum(tf.square(rows), 1));
  // One value tells of all: a sum with NaN or infinity in it is neither finite nor below the largest float.
  const [total] = tf.tidy(() => tf.sum(squares).dataSync());
  if (!Number.isFinite(total)) {
    const row = squares.dataSync().findIndex((square) => !Number.isFinite(square));
    tf.dispose([rows, squares]);
    if (row >= 0)
      throw new AudiosslError(
        `search: every row must hold finite values, row ${first + row} (${ids[first + row]}) does not; embed it anew`,
      );
    throw new AudiosslError(`search: rows ${first} to ${first + values.length / dim - 1} are too long to compare; embed them anew`);
  }
  const inverseLengths = tf.tidy(() => {
    const lengths = tf.sqrt(tf.expandDims<tf.Tensor2D>(squares, 0));
    return tf.where(tf.greater(lengths, 0), tf.div(1, tf.maximum(lengths, Number.MIN_VALUE)), tf.zerosLike(lengths)) as tf.Tensor2D;
  });
  squares.dispose();
  return { first, rows, inverseLengths };
}
