import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { gridStarts } from '../../src/data/samplers.js';
import { cutPatches } from '../../src/embed/cutPatches.js';
import { embedToFile } from '../../src/embed/embedToFile.js';
import { getSceneEmbeddings, getTimestampEmbeddings } from '../../src/embed/hear.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { readNpy } from '../../src/util/npy.js';
import { readNpz } from '../../src/util/npz.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

const folder = temporaryFolder();
let model: Model;
const recordings = [
  { id: 'a.wav', path: join(folder, 'a.wav') },
  { id: 'broken.wav', path: join(folder, 'broken.wav') },
  { id: 'sub/b.wav', path: join(folder, 'sub/b.wav') },
  { id: 'c.wav', path: join(folder, 'c.wav') },
];
/** h of every grid patch of a recording, one at a time: the oracle of all batching. */
async function patchRows(path: string): Promise<{ starts: number[]; rows: number[][] }> {
  const logMel = clipLogMel(await readAudio(path), toneFrontEnd);
  const starts = gridStarts(logMel.numFrames, 32, 16);
  const rows = starts.map((start) => {
    const h = tf.tidy(() => model.embedPatches(tf.tensor3d(cutPatches(logMel, [start], 32), [1, 32, 24])));
    const row = Array.from(h.dataSync());
    h.dispose();
    return row;
  });
  return { starts, rows };
}

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'a.wav'), tone(300, 0.5));
  await writeFile(join(folder, 'sub/b.wav'), tone(900, 1.3));
  await writeFile(join(folder, 'c.wav'), tone(2000, 0.9));
  await writeFile(join(folder, 'broken.wav'), 'RIFF');
  model = await loadModel(await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } }));
});
const oracle = async () => Promise.all(['a.wav', 'sub/b.wav', 'c.wav'].map((id) => patchRows(join(folder, id))));

describe('embedToFile', () => {
  test.each([1, 4, 128])('npz, one row a patch, batches of %i: every patch once, with its time', async (batchSize) => {
    const out = join(folder, 'patches.npz');
    const summary = await embedToFile({ model, recordings, out, format: 'npz', per: 'patch', batchSize });
    const expected = await oracle();
    const npz = await readNpz(out);
    expect(npz.get('embedding')?.data as Float32Array).toBeAllClose(
      expected.flatMap(({ rows }) => rows.flat()),
      { rtol: 1e-5, atol: 1e-6 },
    );
    const ids = expected.flatMap(({ starts }, i) => starts.map(() => ['a.wav', 'sub/b.wav', 'c.wav'][i]));
    expect(npz.get('clip')).toEqual({ data: ids, shape: [ids.length] });
    // Centre of a patch of 32 frames of 220 samples at 22,050 Hz.
    const times = expected.flatMap(({ starts }) => starts.map((start) => ((start + 15.5) * 220 * 1000) / 22050));
    expect(npz.get('timestamps')?.data as Float64Array).toBeAllClose(times, { rtol: 1e-12 });
    const meta = JSON.parse(String(npz.get('meta')?.data));
    expect(meta).toMatchObject({
      program: 'audiossl',
      per: 'patch',
      rows: ids.length,
      dim: 512,
      numRecordings: 3,
      model: { step: 12, sha256: model.checkpoint?.sha256 },
    });
    expect(meta.rejected).toEqual([{ id: 'broken.wav', reason: expect.stringMatching(/broken\.wav/) }]);
    expect(summary).toMatchObject({ numEmbedded: 3, numRows: ids.length });
  });

  test('npy, one row a recording: the mean over its patches, with csv and json beside it', async () => {
    const expected = await oracle();
    for (const batchSize of [1, 5, 128]) {
      const out = join(folder, 'clips.npy');
      await embedToFile({ model, recordings, out, format: 'npy', batchSize });
      const { data, shape } = await readNpy(out);
      expect(shape).toEqual([3, 512]);
      const means = expected.flatMap(({ rows }) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length));
      expect(data as Float32Array).toBeAllClose(means, { rtol: 1e-5, atol: 1e-6 });
    }
    const lines = (await readFile(join(folder, 'clips.csv'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => line.split(',')[0])).toEqual(['clip', 'a.wav', 'sub/b.wav', 'c.wav']);
    expect(JSON.parse(await readFile(join(folder, 'clips.json'), 'utf8'))).toMatchObject({ per: 'clip', rows: 3 });
  });

  test('parquet is read by another library, meta inside', async () => {
    const out = join(folder, 'clips.parquet');
    await embedToFile({ model, recordings, out, format: 'parquet' });
    await embedToFile({ model, recordings, out: join(folder, 'same.npy'), format: 'npy' });
    const file = await asyncBufferFromFile(out);
    const rows = await parquetReadObjects({ file });
    expect(rows.map(({ clip }) => clip)).toEqual(['a.wav', 'sub/b.wav', 'c.wav']);
    expect(rows.flatMap(({ embedding }) => embedding as number[])).toEqual(
      Array.from((await readNpy(join(folder, 'same.npy'))).data as Float32Array),
    );
    const { key_value_metadata: meta } = await parquetMetadataAsync(file);
    expect(JSON.parse(meta?.find(({ key }) => key === 'audiossl')?.value ?? '')).toMatchObject({ rows: 3, per: 'clip' });
  });

  test.each([1, 3])('%i worker threads make the same file, to the bit, and list the same broken recordings', async (numWorkers) => {
    // Long and short ones in turn, so that workers overtake one another.
    const many = Array.from({ length: 5 }, (_, i) => recordings.map(({ id, path }) => ({ id: `${i}/${id}`, path }))).flat();
    const seen: [number, number][] = [];
    const onProgress = (done: number, _total: number, numRejected: number) => seen.push([done, numRejected]);
    const files = [];
    for (const workers of [2, numWorkers]) {
      const out = join(folder, 'many.npz');
      const summary = await embedToFile({
        model,
        recordings: many,
        out,
        format: 'npz',
        per: 'patch',
        batchSize: 7,
        numWorkers: workers,
        onProgress,
      });
      expect(summary.rejected.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((i) => `${i}/broken.wav`));
      files.push(await readNpz(out));
    }
    expect(files[1]).toEqual(files[0]);
    expect(seen.slice(0, 20)).toEqual(many.map((_, i) => [i + 1, Math.floor((i + 3) / 4)]));
    expect(seen.slice(20)).toEqual(seen.slice(0, 20));
  });

  test('a failure leaves no output, and what it had done for the next run only', async () => {
    const before = readdirSync(folder);
    const out = join(folder, 'never.npz');
    await expect(embedToFile({ model, recordings, out, format: 'npz', onError: 'fail' })).rejects.toThrow(/broken\.wav/);
    await expect(embedToFile({ model, recordings: [recordings[1]], out, format: 'npz' })).rejects.toThrow(/none of 1 recordings/);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('stop'));
    await expect(embedToFile({ model, recordings, out, format: 'npz', onProgress, signal: controller.signal })).rejects.toThrow('stop');
    const broken = { ...model, embedPatches: (x: tf.Tensor3D) => tf.fill<tf.Rank.R2>([x.shape[0], 4], Number.NaN) };
    await expect(embedToFile({ model: broken, recordings, out, format: 'npz' })).rejects.toThrow(/a\.wav: the embedding must be finite/);
    const left = readdirSync(folder).filter((name) => !before.includes(name));
    expect(left).toEqual([]);
  });
});

describe("HEAR's functions", () => {
  const clips = [0, 1].map((k) => Float32Array.from({ length: 22050 }, (_, i) => Math.sin(i * 0.05 * (k + 1)) * Math.sin(i * 1e-3)));

  test('scenes: the mean over the grid, the same alone as in a batch', async () => {
    const { data, shape } = await getSceneEmbeddings(clips, model);
    expect(shape).toEqual([2, 512]);
    const alone = await getSceneEmbeddings([clips[1]], model, { batchSize: 2 });
    expect(alone.data).toBeAllClose(data.subarray(512), { rtol: 1e-5, atol: 1e-6 });
  });

  test('times start at 0, are multiples of a whole number of frames and end with the clip; patches away from the ends are plain ones', async () => {
    const { data, shape, timestamps } = await getTimestampEmbeddings(clips, model);
    const hop = (5 * 220 * 1000) / 22050; // 50 ms are 5.01 frames
    expect(shape).toEqual([2, 21, 512]);
    expect(timestamps).toBeAllClose(
      [...Array(21).keys(), ...Array(21).keys()].map((i) => i * hop),
      { atol: 1e-9 },
    );
    const logMel = clipLogMel({ channels: [clips[1]], sampleRate: 22050 }, toneFrontEnd);
    const h = tf.tidy(() => model.embedPatches(tf.tensor3d(cutPatches(logMel, [50 - 16], 32), [1, 32, 24])));
    expect(data.subarray((21 + 10) * 512, (21 + 11) * 512)).toBeAllClose(Array.from(h.dataSync()), { rtol: 1e-5, atol: 1e-6 });
    h.dispose();
    await expect(getTimestampEmbeddings([clips[0], clips[1].subarray(1)], model)).rejects.toThrow(/one length/);
  });
});
