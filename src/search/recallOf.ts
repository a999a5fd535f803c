import type { EmbeddingTable } from '../embed/embeddingTable.js';
import { Rng } from '../util/rng.js';
import type { IndexFacts } from './indexFacts.js';
import type { IsLeftOut } from './nearestByIndex.js';
import { nearestRows } from './nearestRows.js';
import { rowBlocks } from './rowBlocks.js';

/** As many rows are asked for, and for so many neighbours. */
const numAsked = 200;
const tops = [1, 10, 100];
/** Similarities so near to one another are of equally near rows: twice what their arithmetic errs by. */
const equallyNear = 2e-6;
/** Equal rows beyond the last of the exact ones that are known by their similarity. */
const moreForEqual = 50;

/** Rows that a search compares for each query, as `candidatesByIndex` gives them. */
export type Candidates = (queries: Float32Array, options: { top: number; isLeftOut: IsLeftOut }) => number[][];

/**
 * How much of what exact search finds a search finds that compares some rows only: random rows of the file are asked for, their own rows left
 * out. A row as near as the last of the exact ones counts as found, since equal rows stand in for one another.
 */
export async function recallOf(
  candidates: Candidates,
  table: EmbeddingTable,
  { seed = 0, signal }: { seed?: number; signal?: AbortSignal } = {},
): Promise<IndexFacts['recall']> {
  const { own, queries } = await someRows(table, seed);
  const most = Math.min(Math.max(...tops), table.ids.length - 1);
  if (own.length === 0 || most < 1) return { rows: 0, seed, at: [] };
  const isLeftOut: IsLeftOut = (query, row) => row === own[query];
  const exact = await nearestRows(rowBlocks(table), queries, { dim: table.dim, top: most + moreForEqual, isLeftOut, signal });
  const at = [...new Set(tops.map((each) => Math.min(each, most)))].map((top) => {
    signal?.throwIfAborted();
    const hits = candidates(queries, { top, isLeftOut }).map((rows, query) => {
      const last = exact[query][top - 1].similarity - equallyNear;
      const good = new Set(exact[query].filter(({ similarity }) => similarity >= last).map(({ row }) => row));
      return Math.min(top, rows.filter((row) => good.has(row)).length);
    });
    return { top, share: hits.reduce((sum, count) => sum + count, 0) / (top * own.length) };
  });
  return { rows: own.length, seed, at };
}

/** Random rows and their values; one of zeros is like nothing and cannot be asked for. */
async function someRows({ dim, ids, readRows }: EmbeddingTable, seed: number): Promise<{ own: number[]; queries: Float32Array }> {
  const asked = Array.from(new Rng({ seed, purpose: 'recall' }).permutation(ids.length).subarray(0, numAsked));
  const values = await Promise.all(asked.map((row) => readRows(row, 1)));
  const isAny = values.map((row) => row.some((value) => value !== 0));
  const own = asked.filter((_, i) => isAny[i]);
  const queries = new Float32Array(own.length * dim);
  for (const [i, row] of values.filter((_, k) => isAny[k]).entries()) queries.set(row, i * dim);
  return { own, queries };
}
