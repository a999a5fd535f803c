import { spawnSync } from 'node:child_process';
import { chmod, copyFile, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerSearch } from '../../src/cli/search.js';
import type { EmbeddingTable } from '../../src/embed/embeddingTable.js';
import { readEmbeddings } from '../../src/embed/readEmbeddings.js';
import { writeEmbeddings } from '../../src/embed/writeEmbeddings.js';
import { nearestRows } from '../../src/search/nearestRows.js';
import { openSearchIndex } from '../../src/search/openSearchIndex.js';
import { type Candidates, recallOf } from '../../src/search/recallOf.js';
import { rowBlocks } from '../../src/search/rowBlocks.js';
import { Rng } from '../../src/util/rng.js';
import { inProcess } from '../cli/runInProcess.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const path = join(folder, 'e.npz');
const [n, dim] = [800, 24];
/** Rows of lengths of their own around a few directions, as embeddings are; one is all zeros, two are equal. */
const rows = (() => {
  const rng = new Rng({ seed: 3, purpose: 'rows' });
  const centres = Float32Array.from({ length: 30 * dim }, () => rng.normal());
  const values = Float32Array.from(
    { length: n * dim },
    (_, i) => centres[(Math.floor(i / dim) % 30) * dim + (i % dim)] + 0.5 * rng.normal(),
  );
  for (let row = 0; row < n; row++) for (let i = 0; i < dim; i++) values[row * dim + i] *= 1 + (row % 7);
  values.fill(0, 5 * dim, 6 * dim);
  values.copyWithin(9 * dim, 8 * dim, 9 * dim);
  return values;
})();
const tableOf = (values: Float32Array): EmbeddingTable => ({
  dim,
  ids: Array.from({ length: values.length / dim }, (_, i) => `${Math.floor(i / 2)}.wav`),
  timestamps: new Float64Array(values.length / dim),
  readRows: async (first, count) => values.slice(first * dim, (first + count) * dim),
});
const table = tableOf(rows);
const save = (to: string, values = rows) => writeEmbeddings(to, 'npz', tableOf(values), { per: 'clip' });
const audiossl = inProcess(registerSearch);
const search = (...args: string[]) => audiossl('search', '--backend', 'cpu', '--index', 'usearch', ...args);

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  await save(path);
});
afterEach(() => void vi.doUnmock('usearch'));
// usearch closes its files when they are found unused.
afterAll(() => {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
});

/** Every cosine by a loop in double precision. */
function cosines(query: Float32Array, numRows = n): number[] {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  return Array.from({ length: numRows }, (_, row) => {
    const values = rows.subarray(row * dim, (row + 1) * dim);
    return dot(query, values) / (Math.sqrt(dot(query, query) * dot(values, values)) || 1);
  });
}

describe('openSearchIndex', () => {
  it('finds nearly all that exact search finds, with exact similarities, and tells how much: as a count by hand', async () => {
    const { numTensors } = tf.memory();
    const index = await openSearchIndex(path, table);
    expect(index.built).toBe('there was none');
    const { recall } = index.facts;
    expect([recall.rows, recall.at.map(({ top }) => top)]).toEqual([200, [1, 10, 100]]);
    // Two thirds of the rows by hand, other ones than it asked for itself.
    const asked = Array.from({ length: 100 }, (_, i) => 8 * i + 7);
    const queries = Float32Array.from(asked.flatMap((row) => [...rows.subarray(row * dim, (row + 1) * dim)]));
    const found = await index.nearest(queries, { top: 10, isLeftOut: (query, row) => row === asked[query] });
    let hits = 0;
    for (const [i, row] of asked.entries()) {
      const exact = cosines(rows.subarray(row * dim, (row + 1) * dim));
      const best = exact.filter((_, other) => other !== row).sort((a, b) => b - a);
      expect(found[i]).toHaveLength(10);
      for (const neighbour of found[i]) expect(Math.abs(neighbour.similarity - exact[neighbour.row])).toBeLessThan(1e-6);
      const inOrder = found[i].map(({ similarity }) => similarity);
      expect(inOrder).toEqual([...inOrder].sort((a, b) => b - a));
      hits += found[i].filter(({ similarity }) => similarity >= best[9] - 1e-6).length;
    }
    // usearch's graph is not the same each time that several threads build it; it found 0.998 and more of these.
    expect(hits / 1000).toBeGreaterThan(0.97);
    expect(Math.abs((recall.at[1].share ?? 0) - hits / 1000)).toBeLessThan(0.02);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('gives all rows when as many are asked for, those of a recording that is left out not among them', async () => {
    // By one thread the graph is the same each time; by several one row in a hundred, now and then, is where no path leads.
    const byOne = join(folder, 'byOne.npz');
    await save(byOne);
    await (await openSearchIndex(byOne, table, { threads: 1 })).dispose();
    const index = await openSearchIndex(byOne, table, { threads: 1 });
    expect(index.built).toBe(undefined);
    const query = rows.subarray(8 * dim, 9 * dim);
    const exact = await nearestRows(rowBlocks(table), query, { dim, top: n });
    const [all] = await index.nearest(query, { top: n });
    expect(all.length).toBeGreaterThan(0.99 * n);
    expect(all.slice(0, 2).map(({ row }) => row)).toEqual([8, 9]);
    const isLeftOut = (_: number, row: number) => row % 160 !== 0;
    const [few] = await index.nearest(query, { top: 3, isLeftOut });
    expect(few).toEqual(exact[0].filter(({ row }) => row % 160 === 0).slice(0, 3));
  });

  it('is built once, and anew only where the rows, the index or its facts are others', async () => {
    const copy = join(folder, 'copy.npz');
    const index = `${copy}.usearch`;
    await save(copy);
    const reasonOf = async (values = rows) => (await openSearchIndex(copy, tableOf(values))).built;
    expect(await reasonOf()).toBe('there was none');
    const { mtimeMs } = await stat(index);
    expect(await reasonOf()).toBe(undefined);
    await utimes(copy, 1, 1); // as a copy has
    expect(await reasonOf()).toBe(undefined);
    expect((await stat(index)).mtimeMs).toBe(mtimeMs);
    const others = rows.map((value, i) => (i === 0 ? value + 1 : value));
    await save(copy, others);
    await utimes(copy, 2, 2);
    expect(await reasonOf(others)).toBe(`that of before is of other rows than ${copy} has`);
    await truncate(index, 5000);
    expect(await reasonOf(others)).toBe('that of before was changed or cut');
    const facts = JSON.parse(await readFile(`${index}.json`, 'utf8'));
    await writeFile(`${index}.json`, JSON.stringify({ ...facts, settings: { ...facts.settings, connectivity: 4 } }));
    expect(await reasonOf(others)).toBe('that of before was made in another way');
    expect(await reasonOf(others)).toBe(undefined);
  });

  it('leaves alone what is not ours, and refuses rows that hold no numbers, leaving nothing', async () => {
    const odd = join(folder, 'odd.npz');
    await save(odd);
    await writeFile(`${odd}.usearch`, 'mine');
    await expect(openSearchIndex(odd, table)).rejects.toThrow(
      /^search: .*odd\.npz\.usearch must have odd\.npz\.usearch\.json beside it, whole, which says whose index it is; remove it, or leave `index` out$/,
    );
    expect(await readFile(`${odd}.usearch`, 'utf8')).toBe('mine');
    const nan = join(folder, 'nan.npz');
    const values = rows.map((value, i) => (i === 40 * dim ? Number.NaN : value));
    await save(nan, values);
    await expect(openSearchIndex(nan, tableOf(values))).rejects.toThrow(
      'search: every row must hold finite values, row 40 (20.wav) does not',
    );
    await expect(stat(`${nan}.usearch`)).rejects.toThrow('ENOENT');
    await expect((await openSearchIndex(path, table)).nearest(new Float32Array(dim), { top: 1 })).rejects.toThrow('query 0 is all zeros');
    await expect((await openSearchIndex(path, table)).nearest(rows.subarray(0, dim), { top: 0 })).rejects.toThrow('top must be a whole');
  });

  it('says how to get usearch where it is not installed', async () => {
    vi.doMock('usearch', () => {
      throw new Error('Cannot find package');
    });
    await expect(openSearchIndex(path, table)).rejects.toThrow(
      /^search: `index` usearch needs the package usearch \(.*\); npm install usearch@2\.25\.3$/,
    );
  });
});

describe('recallOf', () => {
  it('is 1 for exact search, and the share that is kept for one that loses rows', async () => {
    const keeping =
      (keep: (rank: number) => boolean): Candidates =>
      (queries, { top, isLeftOut }) =>
        Array.from({ length: queries.length / dim }, (_, query) => {
          const exact = cosines(queries.subarray(query * dim, (query + 1) * dim), 160);
          const inOrder = Array.from(exact.keys()).sort((a, b) => exact[b] - exact[a]);
          const nearest = inOrder.filter((row) => !isLeftOut(query, row)).slice(0, top);
          return nearest.filter((_row, rank) => keep(rank)).reverse();
        });
    const sharesOf = async (candidates: Candidates) =>
      (await recallOf(candidates, tableOf(rows.slice(0, 160 * dim)))).at.map(({ share }) => share);
    expect(await sharesOf(keeping(() => true))).toEqual([1, 1, 1]);
    expect(await sharesOf(keeping((rank) => rank % 2 === 0))).toEqual([1, 0.5, 0.5]);
    expect(await sharesOf(keeping((rank) => rank > 4))).toEqual([0, 0.5, 0.95]);
  });

  it('asks no more than a small file holds, and nothing of one row', async () => {
    const none: Candidates = (queries) => Array.from({ length: queries.length / dim }, () => []);
    expect(await recallOf(none, tableOf(rows.slice(0, 5 * dim)))).toMatchObject({ rows: 5, at: [{ top: 1, share: 0 }, { top: 4, share: 0 }] }); // biome-ignore format: one line
    expect(await recallOf(none, tableOf(rows.slice(0, dim)))).toMatchObject({ at: [] });
  });
});

describe('audiossl search --index usearch', () => {
  it('answers as exact search does and says by what, in text, JSON and on the page', async () => {
    const page = join(folder, 'page');
    const both = ['--embeddings', path, '--query', '8', '0.wav', '--top', '5'];
    const exact = JSON.parse(await audiossl('search', '--backend', 'cpu', '--json', ...both)) as { neighbours: unknown[] }[];
    const byIndex = JSON.parse(await search('--json', ...both)) as ((typeof exact)[0] & {
      index: { path: string; recall: { share: number } };
    })[];
    expect(byIndex.map(({ neighbours }) => neighbours)).toEqual(exact.map(({ neighbours }) => neighbours));
    for (const { index } of byIndex) expect(index).toMatchObject({ path: `${path}.usearch`, recall: { top: 10, rows: 200 } });
    const text = await search(...both, '--page', page);
    const line = `by ${path}.usearch: recall@10 ${(Math.floor(1000 * byIndex[0].index.recall.share) / 1000).toFixed(3)} of 200 rows`;
    expect(text.endsWith(`\n\n${line}\n`)).toBe(true);
    expect(await readFile(join(page, 'index.html'), 'utf8')).toContain(line);
    expect(await audiossl('search', '--backend', 'cpu', ...both)).not.toContain('recall');
  });

  it('reads .npy too', async () => {
    const npy = join(folder, 'e.npy');
    await writeEmbeddings(npy, 'npy', table, { per: 'clip' });
    await search('--embeddings', npy, '--query', '0');
    const file = await readEmbeddings(npy);
    expect((await openSearchIndex(npy, file)).built).toBe(undefined);
    await file.close();
    await copyFile(`${npy}.usearch`, join(folder, 'moved'));
  });
});

const nobody = 65_534;
const built = (file: string) => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));
/** Whether this is root, who can become somebody else, and the project lies where others may read it. */
const canBeNobody = process.getuid?.() === 0 && spawnSync('test', ['-r', built('search/openSearchIndex.js')], { uid: nobody }).status === 0;

describe.skipIf(!canBeNobody)('an index of another user (skipped where this process cannot become one who may read the project)', () => {
  it('answers as it answers its owner', async () => {
    const own = temporaryFolder();
    const file = join(own, 'shared.npz');
    await save(file);
    await (await openSearchIndex(file, table)).dispose();
    for (const at of [own, file, `${file}.usearch`, `${file}.usearch.json`]) await chmod(at, at === own ? 0o755 : 0o644).catch(() => {});
    const program = `
      import { setBackend } from '${built('backend/setBackend.js')}';
      import { readEmbeddings } from '${built('embed/readEmbeddings.js')}';
      import { openSearchIndex } from '${built('search/openSearchIndex.js')}';
      await setBackend({ backend: 'cpu' });
      const index = await openSearchIndex('${file}', await readEmbeddings('${file}'));
      const [found] = await index.nearest(new Float32Array(${JSON.stringify([...rows.subarray(0, dim)])}), { top: 3 });
      process.stdout.write(JSON.stringify([process.getuid(), index.built ?? 'kept', found.map(({ row }) => row)]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      uid: nobody,
      gid: nobody,
    });
    const [expected] = await (await openSearchIndex(file, table)).nearest(rows.slice(0, dim), { top: 3 });
    expect([stdout, stderr]).toEqual([JSON.stringify([nobody, 'kept', expected.map(({ row }) => row)]), '']);
  });
});
