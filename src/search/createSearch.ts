import * as tf from '@tensorflow/tfjs-core';
import type { EmbeddingTable } from '../embed/embeddingTable.js';
import { type Neighbour, nearestRows } from './nearestRows.js';
import { type RowBlock, rowBlocks } from './rowBlocks.js';

/** More than from a file: rows stay in memory anyhow, and a call a block then costs nothing beside its product. */
const ROWS_A_BLOCK = 32_768;

/** Embeddings to ask again and again. */
export interface Search {
  /** The rows nearest to each of the queries `[numQueries, dim]`, nearest first. See `nearestRows`. */
  nearest(queries: Float32Array, options: { top: number; isLeftOut?: (query: number, row: number) => boolean }): Promise<Neighbour[][]>;
  dispose(): void;
}

/**
 * Takes a table into the backend's memory (4 bytes a value), for many questions to one file: a service, a page.
 *
 *     const file = await readEmbeddings('embeddings.npz');
 *     const search = await createSearch(file);
 *     const [neighbours] = await search.nearest(query, { top: 10 });
 *
 * For one question `nearestRows(rowBlocks(file), ...)` reads the file through in bounded memory. Throws as `rowBlocks`.
 *
 * @example
 * ```ts
 * import { createSearch } from 'audiossl';
 * const rows = Float32Array.of(1, 0, 0, 1, 1, 1);
 * const readRows = async (first, count) => rows.slice(2 * first, 2 * (first + count));
 * const search = await createSearch({ dim: 2, ids: ['a', 'b', 'c'], timestamps: new Float64Array(3), readRows });
 * const [found] = await search.nearest(Float32Array.of(0, 2), { top: 2 });
 * search.dispose();
 * found; // => [{ row: 1, similarity: 1 }, { row: 2, similarity: 0.7071 }]
 * ```
 */
export async function createSearch(table: EmbeddingTable): Promise<Search> {
  const blocks: RowBlock[] = [];
  const dispose = () => {
    for (const { rows, inverseLengths } of blocks.splice(0)) tf.dispose([rows, inverseLengths]);
  };
  try {
    for await (const block of rowBlocks(table, { rowsAtOnce: ROWS_A_BLOCK })) blocks.push(block);
  } catch (error) {
    dispose();
    throw error;
  }
  return { nearest: (queries, options) => nearestRows(blocks, queries, { ...options, dim: table.dim, keep: true }), dispose };
}
