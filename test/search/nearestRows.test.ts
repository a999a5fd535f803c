import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import type { EmbeddingTable } from '../../src/embed/embeddingTable.js';
import { createSearch } from '../../src/search/createSearch.js';
import { nearestRows } from '../../src/search/nearestRows.js';
import { rowBlocks } from '../../src/search/rowBlocks.js';
import { availableBackends } from '../support/backends.js';

function tableOf(rows: readonly (readonly number[])[]): EmbeddingTable {
  const dim = rows[0].length;
  return {
    dim,
    ids: rows.map((_, i) => `${i}.wav`),
    timestamps: new Float64Array(rows.length),
    readRows: async (first, count) => Float32Array.from(rows.slice(first, first + count).flat()),
  };
}

/** Every cosine by a loop in double precision. */
function cosinesOf(query: readonly number[], rows: readonly (readonly number[])[]): number[] {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const length = (a: readonly number[]) => Math.sqrt(dot(a, a));
  return rows.map((row) => (length(row) === 0 ? 0 : dot(query, row) / length(query) / length(row)));
}

// Small whole numbers, so that rows are equal, opposite and all zeros again and again.
const row = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 5, maxLength: 5 });
const questions = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 40 }),
  queries: fc.array(
    row.filter((values) => values.some((value) => value !== 0)),
    { minLength: 1, maxLength: 4 },
  ),
  top: fc.integer({ min: 1, max: 45 }),
  rowsAtOnce: fc.integer({ min: 1, max: 50 }),
});

describe.each(availableBackends)('on %s, nearestRows', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('finds what a loop over all cosines finds, however the rows are cut into blocks', async () => {
    await fc.assert(
      fc.asyncProperty(questions, async ({ rows, queries, top, rowsAtOnce }) => {
        const table = tableOf(rows);
        const { numTensors } = tf.memory();
        const found = await nearestRows(rowBlocks(table, { rowsAtOnce }), Float32Array.from(queries.flat()), { dim: 5, top });
        expect(tf.memory().numTensors).toBe(numTensors);
        for (const [q, query] of queries.entries()) {
          const cosines = cosinesOf(query, rows);
          expect(found[q].length).toBe(Math.min(top, rows.length));
          expect(new Set(found[q].map(({ row }) => row)).size).toBe(found[q].length);
          // Five products of float32 values below 10 err by less than 1e-6.
          for (const { row, similarity } of found[q]) expect(Math.abs(similarity - cosines[row])).toBeLessThan(1e-6);
          const best = [...cosines].sort((a, b) => b - a).slice(0, top);
          for (const [rank, { row }] of found[q].entries()) expect(Math.abs(cosines[row] - best[rank])).toBeLessThan(1e-6);
        }
      }),
      { numRuns: backend === 'cpu' ? 20 : 60 },
    );
  });

  it('gives the earlier of equal rows first, and leaves out what it is told to', async () => {
    const table = tableOf([
      [1, 0],
      [2, 0],
      [0, 1],
      [3, 0],
      [0, 0],
    ]);
    const ask = (top: number, isLeftOut?: (query: number, row: number) => boolean) =>
      nearestRows(rowBlocks(table, { rowsAtOnce: 2 }), Float32Array.of(5, 0), { dim: 2, top, isLeftOut });
    expect(await ask(3)).toEqual([[0, 1, 3].map((row) => ({ row, similarity: 1 }))]);
    expect((await ask(2, (_, row) => row === 0))[0].map(({ row }) => row)).toEqual([1, 3]);
    expect((await ask(9))[0].slice(3)).toEqual([2, 4].map((row) => ({ row, similarity: 0 })));
  });

  it('keeps a table in memory for many questions and lets go of it', async () => {
    const { numTensors } = tf.memory();
    const search = await createSearch(
      tableOf([
        [1, 1],
        [1, -1],
      ]),
    );
    for (const query of [Float32Array.of(1, 2), Float32Array.of(1, -2)]) {
      const [[nearest]] = await search.nearest(query, { top: 1 });
      expect(nearest.row).toBe(query[1] > 0 ? 0 : 1);
      expect(nearest.similarity).toBeCloseTo(3 / Math.sqrt(10), 6);
    }
    search.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses a row that holds %d, by name, and leaves nothing behind', async (value) => {
    const { numTensors } = tf.memory();
    const table = tableOf([
      [1, 0],
      [0, 1],
      [1, value],
    ]);
    const message = 'search: every row must hold finite values, row 2 (2.wav) does not; embed it anew';
    await expect(createSearch(table)).rejects.toThrow(message);
    await expect(nearestRows(rowBlocks(table, { rowsAtOnce: 2 }), Float32Array.of(1, 0), { dim: 2, top: 1 })).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('refuses questions that mean nothing', async () => {
    const blocks = () => rowBlocks(tableOf([[1, 0]]));
    await expect(nearestRows(blocks(), Float32Array.of(0, 0), { dim: 2, top: 1 })).rejects.toThrow('search: query 0 is all zeros');
    await expect(nearestRows(blocks(), Float32Array.of(1, Number.NaN), { dim: 2, top: 1 })).rejects.toThrow(
      'search: query 0 must hold finite',
    );
    await expect(nearestRows(blocks(), Float32Array.of(1), { dim: 2, top: 1 })).rejects.toThrow('queries must be rows of 2 values, got 1');
    await expect(nearestRows(blocks(), Float32Array.of(1, 0), { dim: 2, top: 0 })).rejects.toThrow('top must be a whole number from 1 up');
  });
});
