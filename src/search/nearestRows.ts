import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError, UsageError } from '../util/errors.js';
import { TopK } from '../util/topK.js';
import type { RowBlock } from './rowBlocks.js';

/** A row that was found. */
export interface Neighbour {
  row: number;
  /** Cosine of the angle between the two embeddings, -1 .. 1. */
  similarity: number;
}

/**
 * The rows nearest to each query by cosine similarity, nearest first; of equally near ones the earlier. Exact: every row is compared, by one
 * matrix product a block on the backend.
 *
 * @param blocks all rows, in order; disposed of here unless `keep`
 * @param queries `[numQueries, dim]` values of any length but 0
 * @param isLeftOut rows that do not count as found for a query, such as its own
 *
 * @example
 * ```ts
 * import { nearestRows, rowBlocks } from 'audiossl';
 * const rows = Float32Array.of(1, 0, 0, 1, 1, 1);
 * const readRows = async (first, count) => rows.slice(2 * first, 2 * (first + count));
 * const blocks = rowBlocks({ dim: 2, ids: ['a', 'b', 'c'], timestamps: new Float64Array(3), readRows });
 * await nearestRows(blocks, Float32Array.of(0, 2), { dim: 2, top: 1 }); // => [[{ row: 1, similarity: 1 }]]
 * ```
 */
export async function nearestRows(
  blocks: AsyncIterable<RowBlock> | Iterable<RowBlock>,
  queries: Float32Array,
  {
    dim,
    top,
    isLeftOut,
    keep = false,
    signal,
  }: { dim: number; top: number; isLeftOut?: (query: number, row: number) => boolean; keep?: boolean; signal?: AbortSignal },
): Promise<Neighbour[][]> {
  if (!Number.isInteger(top) || top < 1) throw new UsageError(`search: top must be a whole number from 1 up, got ${top}`);
  const numQueries = queries.length / dim;
  if (!Number.isInteger(numQueries) || numQueries < 1)
    throw new AudiosslError(`search: queries must be rows of ${dim} values, got ${queries.length} values`);
  const best = Array.from({ length: numQueries }, () => new TopK(top));
  const unit = unitQueries(queries, dim);
  try {
    for await (const { first, rows, inverseLengths } of blocks) {
      signal?.throwIfAborted();
      const count = rows.shape[0];
      const similarities = tf.tidy(() => tf.mul(tf.matMul(unit, rows, false, true), inverseLengths));
      if (!keep) tf.dispose([rows, inverseLengths]);
      const values = similarities.dataSync() as Float32Array;
      similarities.dispose();
      for (const [query, topK] of best.entries())
        topK.addRow(values, query * count, count, isLeftOut && ((row) => isLeftOut(query, row)), first);
    }
  } finally {
    unit.dispose();
  }
  return best.map((topK) => {
    const similarities = topK.kept();
    return Array.from(topK.indices(), (row, i) => ({ row, similarity: Math.min(1, Math.max(-1, similarities[i])) })).sort(
      (a, b) => b.similarity - a.similarity || a.row - b.row,
    );
  });
}

function unitQueries(queries: Float32Array, dim: number): tf.Tensor2D {
  for (let start = 0; start < queries.length; start += dim) {
    const row = queries.subarray(start, start + dim);
    if (!row.every(Number.isFinite)) throw new AudiosslError(`search: query ${start / dim} must hold finite values`);
    if (row.every((value) => value === 0)) throw new AudiosslError(`search: query ${start / dim} is all zeros, which is like nothing`);
  }
  return tf.tidy(() => {
    const rows = tf.tensor2d(queries, [queries.length / dim, dim]);
    return tf.div(rows, tf.norm(rows, 2, 1, true)) as tf.Tensor2D;
  });
}
