import { existsSync, readdirSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { createEmbeddingRowMaker, type EmbeddingRows } from '../../src/embed/embeddingRows.js';
import type { Recording } from '../../src/embed/embedRecordings.js';
import { type EmbedToFileOptions, embedToFile } from '../../src/embed/embedToFile.js';
import { findRecordings } from '../../src/embed/findRecordings.js';
import { mergeEmbeddings } from '../../src/embed/mergeEmbeddings.js';
import { readEmbeddings } from '../../src/embed/readEmbeddings.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { readNpy } from '../../src/util/npy.js';
import { readNpz, writeNpz } from '../../src/util/npz.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

const folder = temporaryFolder();
const audio = join(folder, 'audio');
let model: Model;
let recordings: Recording[];
/** Patches that went through the encoder. */
let numForward = 0;

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  await mkdir(audio);
  for (let i = 0; i < 12; i++)
    await writeFile(join(audio, `${String.fromCharCode(97 + i)}.wav`), tone(200 + 150 * i, 0.6 + 0.05 * (i % 4)));
  await writeFile(join(audio, 'd.wav'), 'RIFF');
  // A copy, and one that is shorter than the front end wants.
  await cp(join(audio, 'b.wav'), join(audio, 'copy.wav'));
  await writeFile(join(audio, 'short.wav'), tone(500, 0.2));
  const loaded = await loadModel(await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } }));
  // A small encoder, quick on every backend: means over time of 24 bands, the first of them 0.
  model = {
    ...loaded,
    encoder: { ...loaded.encoder, embeddingSize: 24 },
    embedPatches(patches) {
      numForward += patches.shape[0];
      return tf.tidy(() => tf.mean<tf.Tensor2D>(patches, 1));
    },
  };
  recordings = await findRecordings([audio]);
});

const run = (out: string, more: Partial<EmbedToFileOptions> = {}) => {
  numForward = 0;
  const format = out.endsWith('.npy') ? 'npy' : 'npz';
  return embedToFile({ model, recordings, out, format, batchSize: 4, numWorkers: 1, ...more });
};
const npz = async (path: string) => {
  const file = await readNpz(path);
  return { h: file.get('embedding')?.data as Float32Array, ids: file.get('clip')?.data as string[], meta: JSON.parse(String(file.get('meta')?.data)) }; // biome-ignore format: one line
};

describe('a run that was stopped', () => {
  test('goes on from any moment, repeats no complete recording, gives the same file and leaves nothing else', async () => {
    const whole = join(folder, 'whole.npz');
    // A product of matrices may round by the place of a row in it: here the place is seen.
    const placed = { ...model, embedPatches: (patches: tf.Tensor3D) => tf.tidy(() => tf.add<tf.Tensor2D>(model.embedPatches(patches), tf.reshape(tf.range(0, patches.shape[0]), [-1, 1]))) }; // biome-ignore format: one line
    const clean = await run(whole, { per: 'patch', model: placed });
    const all = numForward;
    expect([clean.numResumed, clean.numEmbedded, clean.rejected.map(({ id }) => id)]).toEqual([0, 13, ['d.wav']]);
    // Copies of the folder at every recording: what kill -9 would have left.
    const out = join(folder, 'killed.npz');
    const moments: string[] = [];
    const onProgress = () => {};
    await run(out, {
      per: 'patch',
      onProgress,
      model: {
        ...placed,
        embedPatches(patches) {
          const moment = join(folder, `moment${moments.length}`);
          moments.push(moment);
          copies.push(cp(`${out}.partial`, moment, { recursive: true }));
          return placed.embedPatches(patches);
        },
      },
    });
    await Promise.all(copies);
    expect(moments.length).toBeGreaterThan(8);
    for (const [i, moment] of moments.entries()) {
      if (i % 3 !== 1) continue;
      await rm(out, { force: true });
      await cp(moment, `${out}.partial`, { recursive: true });
      // The lock of a process that is gone, and a line that it did not finish.
      await writeFile(join(`${out}.partial`, 'lock'), '999999999');
      await appendFile(join(`${out}.partial`, 'journal.jsonl'), '{"id":"z.wav","numRo');
      await writeFile(join(folder, '.killed.npz.999999999.0123abcd.tmp'), 'half a file');
      const { numResumed, numEmbedded } = await run(out, { per: 'patch', model: placed });
      expect([numEmbedded, await readFile(out)]).toEqual([13, await readFile(whole)]);
      if (i > 3) expect(numResumed).toBeGreaterThan(0);
      // Of the patches before the kill at most a batch and the recording that it cut are embedded again.
      expect(numForward).toBeLessThanOrEqual(all - 4 * i + 4 + 8 + 3); // and 3 zeros in the first batch
      expect(readdirSync(folder).filter((name) => name.includes('killed'))).toEqual(['killed.npz']);
    }
  });
  const copies: Promise<void>[] = [];

  test('does not go on with other weights, other rows or changed files; --on-error fail tries broken ones again', async () => {
    const out = join(folder, 'changed.npz');
    const stop = async (more: Partial<EmbedToFileOptions> = {}) => {
      const controller = new AbortController();
      const onProgress = (done: number) => done === 11 && controller.abort(new Error('stop'));
      await expect(run(out, { onProgress, signal: controller.signal, ...more })).rejects.toThrow('stop');
    };
    await stop();
    expect(existsSync(`${out}.partial`)).toBe(true);
    await expect(run(out, { onError: 'fail' })).rejects.toThrow(/d\.wav/);
    await stop();
    expect((await run(out, { per: 'patch' })).numResumed).toBe(0);
    await stop();
    const other = { ...model, checkpoint: { name: 'other', path: 'other', sha256: 'other' } };
    expect((await run(out, { model: other })).numResumed).toBe(0);
    await stop();
    const b = await readFile(join(audio, 'b.wav'));
    await writeFile(join(audio, 'b.wav'), tone(333, 0.7));
    expect((await run(out)).numResumed).toBe(1);
    await writeFile(join(audio, 'b.wav'), b);
  });
});

test('copies and recordings that were filled up are told, in the summary and in the meta', async () => {
  const out = join(folder, 'told.npz');
  const { equal, filled } = await run(out);
  expect([equal, filled]).toEqual([[['b.wav', 'copy.wav']], ['short.wav']]);
  expect((await npz(out)).meta).toMatchObject({ equal, filled, numRecordings: 13, rejected: [{ id: 'd.wav' }] });
});

test('--add embeds what the file does not have and keeps the rest as it is; rows of another making are refused', async () => {
  for (const name of ['grown.npz', 'grown.npy']) {
    const out = join(folder, name);
    await run(out, { recordings: recordings.slice(0, 6) });
    const { numKept, numEmbedded, numRows } = await run(out, { add: true });
    // One of the six, d.wav, has no row.
    expect([numKept, numEmbedded, numRows]).toEqual([5, 8, 8]);
    const whole = join(folder, name.replace('grown', 'once'));
    await run(whole);
    const [grown, once] = [await readEmbeddings(out), await readEmbeddings(whole)];
    expect([grown.ids, grown.timestamps]).toEqual([once.ids, once.timestamps]);
    expect(await grown.readRows(0, 13)).toBeAllClose(await once.readRows(0, 13), { rtol: 1e-6, atol: 0 });
    const told = { filled: ['short.wav'], equal: [['b.wav', 'copy.wav']] };
    expect(grown.meta).toMatchObject({ numRecordings: 13, rejected: [{ id: 'd.wav' }], ...told });
    await grown.close();
    await once.close();
    const before = await readFile(out);
    // A kill after the file and before the end of the run.
    await mkdir(`${out}.partial`);
    expect(await run(out, { add: true })).toMatchObject({ numEmbedded: 0, numKept: 13, equal: [] });
    expect(existsSync(`${out}.partial`)).toBe(false);
    await expect(run(out, { add: true, per: 'patch' })).rejects.toThrow(/per is "clip" there and "patch" here; give another file/);
    expect(await readFile(out)).toEqual(before);
  }
  const strange = join(folder, 'strange.npz');
  await writeNpz(strange, { x: { data: Float32Array.of(1), shape: [1] } });
  await expect(run(strange, { add: true })).rejects.toThrow(/has no embedding\.npy/);
  await writeFile(strange, 'PK');
  await expect(run(strange, { add: true })).rejects.toThrow(/strange\.npz: not a zip file, or cut off/);
});

test('shards make up the whole, in any order; a merge checks that they do', async () => {
  const whole = join(folder, 'all.npz');
  await run(whole);
  const paths = [1, 2, 3].map((index) => join(folder, `part${index}.npz`));
  for (const [i, path] of paths.entries()) await run(path, { shard: { index: i + 1, count: 3 } });
  const out = join(folder, 'merged.npy');
  const merged = await mergeEmbeddings({ paths: [paths[2], paths[0], paths[1]], out, format: 'npy' });
  expect(merged).toMatchObject({ numRecordings: 13, numRows: 13, rejected: [{ id: 'd.wav' }] });
  const { h, ids } = await npz(whole);
  expect((await readNpy(out)).data).toBeAllClose(h, { rtol: 1e-6, atol: 0 });
  expect((await readFile(join(folder, 'merged.csv'), 'utf8')).trim().split('\n').map((line) => line.split(',')[0])).toEqual(['clip', ...ids]); // biome-ignore format: one line
  expect(JSON.parse(await readFile(join(folder, 'merged.json'), 'utf8'))).not.toHaveProperty('shard');
  for (const index of [1, 2])
    await run(paths[index], { shard: { index, count: 2 }, recordings: recordings.slice(1, 4).filter(({ id }) => id !== 'c.wav') });
  await mergeEmbeddings({ paths: paths.slice(1), out, format: 'npy' });
  expect(JSON.parse(await readFile(join(folder, 'merged.json'), 'utf8'))).toMatchObject({ equal: [['b.wav', 'copy.wav']] });
  for (const [i, path] of paths.entries()) await run(path, { shard: { index: i + 1, count: 3 } });
  const merge = (...given: string[]) => mergeEmbeddings({ paths: given, out: join(folder, 'never.npz'), format: 'npz' });
  await expect(merge(paths[0], paths[2])).rejects.toThrow(/all 3 shards are needed once, shard 2\/3 is missing/);
  await expect(merge(...paths, paths[1])).rejects.toThrow(/shard 2\/3 is given twice/);
  await expect(merge(whole)).rejects.toThrow(/all\.npz is no shard; make the parts with `shard` I\/N/);
  await run(paths[1], { shard: { index: 2, count: 3 }, recordings: recordings.slice(1) });
  await expect(merge(...paths)).rejects.toThrow(/must be shards of the same recordings/);
  await expect(run(paths[0], { shard: { index: 1, count: 30 } })).rejects.toThrow(
    /14 recordings are fewer than 30 shards|nothing to embed/,
  );
  expect(readdirSync(folder).filter((name) => name.includes('never') || name.includes('.tmp'))).toEqual([]);
});

test('a window is a row: the mean over its patches, as of a recording of its own', async () => {
  const out = join(folder, 'windows.npz');
  await run(out, { per: { window: 0.45, hop: 0.2 } });
  const { h, ids } = await npz(out);
  const { data } = clipLogMel(await readAudio(join(audio, 'a.wav')), toneFrontEnd);
  const frames = data.length / 24;
  const starts = [...Array(Math.ceil((frames - 45) / 20)).keys()].map((i) => i * 20).concat(frames - 45);
  expect(ids.filter((id) => id === 'a.wav')).toHaveLength(starts.length);
  // Means over time of patches at 0 and 13 of 45 frames: 16 is the hop, 13 the last start.
  const expected = starts.flatMap((start) =>
    Array.from({ length: 24 }, (_, band) => {
      const mean = (first: number) => Array.from({ length: 32 }, (__, i) => data[(first + i) * 24 + band]).reduce((a, b) => a + b) / 32;
      return (mean(start) + mean(start + 13)) / 2;
    }),
  );
  expect(h.subarray(0, expected.length)).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-5 });
});

test('csv and parquet hold the same values as npz; a csv cell says a float32 exactly', async () => {
  const { h, ids } = await npz(join(folder, 'all.npz'));
  const csv = join(folder, 'rows.csv');
  await run(csv, { format: 'csv' });
  const lines = (await readFile(csv, 'utf8')).trim().split('\n').map((line) => line.split(',')); // biome-ignore format: one line
  expect(lines[0].slice(0, 4)).toEqual(['clip', 'timestamp', 'e0', 'e1']);
  expect(Float32Array.from(lines.slice(1).flatMap((cells) => cells.slice(2).map(Number)))).toEqual(h);
  expect(lines.slice(1).map(([id]) => id)).toEqual(ids);
  expect(JSON.parse(await readFile(join(folder, 'rows.json'), 'utf8'))).toMatchObject({ per: 'clip', dim: 24 });
  const parquet = join(folder, 'rows.parquet');
  await run(parquet, { format: 'parquet' });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
  expect(Float32Array.from(rows.flatMap(({ embedding }) => embedding as number[]))).toEqual(h);
});

test('a log-mel that comes in pieces gives the rows of the whole', async () => {
  const { data } = clipLogMel(await readAudio(join(audio, 'c.wav')), toneFrontEnd);
  const rows: EmbeddingRows[] = [];
  const completed: string[] = [];
  const maker = createEmbeddingRowMaker({
    ...{ model, per: 'patch', batchSize: 2 },
    async onRows(part, ids) {
      rows.push(part);
      completed.push(...ids.map(({ id }) => id));
    },
  });
  for (const [id, size] of [
    ['whole', 1000],
    ['pieces', 7],
    ['after', 33],
  ] as const) {
    // biome-ignore format: a table
    for (let at = 0; at < data.length; at += size * 24) await maker.push(id, data.subarray(at, at + size * 24));
    await maker.end(id);
  }
  await maker.finish();
  expect(completed).toEqual(['whole', 'pieces', 'after']);
  const of = (wanted: string) =>
    rows.flatMap(({ ids, h, dim }) => ids.flatMap((id, i) => (id === wanted ? [...h.subarray(i * dim, (i + 1) * dim)] : [])));
  expect(of('pieces')).toEqual(of('whole'));
  expect(of('after')).toEqual(of('whole'));
});

test('manifests: a csv with paths and ids, a text with a path a line, beside what they name', async () => {
  await writeFile(join(folder, 'list.csv'), 'path,id,note\naudio/a.wav,first,\naudio/b.wav,,x\n');
  await writeFile(join(folder, 'list.txt'), 'audio/c.wav\n\naudio/a.wav\n');
  expect(await findRecordings([join(folder, 'list.csv'), join(folder, 'list.txt')])).toEqual([
    { id: 'first', path: join(audio, 'a.wav') },
    { id: 'audio/b.wav', path: join(audio, 'b.wav') },
    { id: 'audio/c.wav', path: join(audio, 'c.wav') },
    { id: 'audio/a.wav', path: join(audio, 'a.wav') },
  ]);
  await writeFile(join(folder, 'list.csv'), 'file\na.wav\n');
  await expect(findRecordings([join(folder, 'list.csv')])).rejects.toThrow(/needs the column "path", has file/);
});
