import type { Index } from 'usearch';
import type { EmbeddingTable } from '../embed/embeddingTable.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { type Neighbour, nearestRows } from './nearestRows.js';
import { rowBlocks } from './rowBlocks.js';

/** More candidates than are wanted: the index holds rows in 16 bits, and where many are about as near they are told apart by the file. */
const candidatesFor = (top: number): number => Math.max(2 * top, top + 50);

/** Rows that are left out of a question's answers, by its number. */
export type IsLeftOut = (query: number, row: number) => boolean;

/**
 * Rows that an index holds for near to each query, in no order: all of the `top` nearest are among them, or most. Where rows are left out,
 * more are asked for until there are enough.
 *
 * @param index keys are the rows of a table
 * @param queries `[numQueries, dim]`
 */
export function candidatesByIndex(
  index: Index,
  queries: Float32Array,
  { top, isLeftOut, threads = 0 }: { top: number; isLeftOut?: IsLeftOut; threads?: number },
): number[][] {
  const [dim, size] = [index.dimensions(), index.size()];
  return Array.from({ length: queries.length / dim }, (_, query) => {
    const vector = unitRow(queries.subarray(query * dim, (query + 1) * dim));
    for (let count = Math.min(size, candidatesFor(top)); ; count = Math.min(size, 2 * count)) {
      const rows = Array.from(index.search(vector, count, threads).keys, Number).filter((row) => isLeftOut?.(query, row) !== true);
      if (rows.length >= candidatesFor(top) || count === size) return rows;
    }
  });
}

/** As `nearestRows`, but only rows that an index names are compared: similarities and order are exact, some rows may be missing. */
export async function nearestByIndex(
  index: Index,
  table: EmbeddingTable,
  queries: Float32Array,
  options: { top: number; isLeftOut?: IsLeftOut; threads?: number },
): Promise<Neighbour[][]> {
  const { dim } = table;
  const { top } = options;
  if (!Number.isInteger(top) || top < 1) throw new UsageError(`search: top must be a whole number from 1 up, got ${top}`);
  if (queries.length === 0 || queries.length % dim !== 0)
    throw new AudiosslError(`search: queries must be rows of ${dim} values, got ${queries.length} values`);
  const found: Neighbour[][] = [];
  for (const [query, candidates] of candidatesByIndex(index, queries, options).entries())
    found.push(await exactOf(candidates, table, queries.subarray(query * dim, (query + 1) * dim), top));
  return found;
}

/** A question that means nothing is left to `nearestRows`, which refuses it. */
function unitRow(row: Float32Array): Float32Array {
  const length = Math.hypot(...row);
  return length > 0 && Number.isFinite(length) ? row.map((value) => value / length) : new Float32Array(row.length);
}

/** The candidates by their values in the file. */
async function exactOf(
  candidates: number[],
  { dim, ids, readRows }: EmbeddingTable,
  query: Float32Array,
  top: number,
): Promise<Neighbour[]> {
  // In their order in the file, so that of equally near ones the earlier comes first.
  const rows = [...candidates].sort((a, b) => a - b);
  const values = new Float32Array(rows.length * dim);
  const read = await Promise.all(rows.map((row) => readRows(row, 1)));
  for (const [i, row] of read.entries()) values.set(row, i * dim);
  const some: EmbeddingTable = {
    dim,
    ids: rows.map((row) => ids[row]),
    timestamps: new Float64Array(rows.length),
    readRows: async (first, count) => values.slice(first * dim, (first + count) * dim),
  };
  const [found] = await nearestRows(rowBlocks(some), query, { dim, top });
  return found.map(({ row, similarity }) => ({ row: rows[row], similarity }));
}
