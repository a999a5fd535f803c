import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { clipMeans, embedClips } from '../../src/embed/embedClips.js';
import { createEmbeddingCache } from '../../src/embed/embeddingCache.js';
import { logMelFeatures } from '../../src/eval/baselines.js';
import { evaluate } from '../../src/eval/evaluate.js';
import { evaluationOptions } from '../../src/eval/evaluationOptions.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { readClipEmbeddings } from '../../src/run/clipEmbeddings.js';
import { readEvaluations } from '../../src/run/evaluationRecord.js';
import { readPredictions } from '../../src/run/predictions.js';
import { type RunFolder, runFolder } from '../../src/run/runFolder.js';
import { readTestAccess } from '../../src/run/testAccess.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd, toneStore } from '../train/toneStore.js';

const folder = temporaryFolder();
let store: FeatureStore;
let run: RunFolder;
let model: Model;

/** Low and high tones: even numbers train, 1 mod 4 validate, 3 mod 4 test. */
const splitOfId = (id: string) => {
  const n = Number(/(\d+)\.wav/.exec(id)?.[1]);
  return n % 2 === 0 ? 'train' : n % 4 === 1 ? 'validation' : 'test';
};

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  store = await toneStore(10);
  run = runFolder(join(folder, 'run'));
  await mkdir(run.checkpoints, { recursive: true });
  await mkdir(run.evaluations, { recursive: true });
  await saveSmallModel(run.checkpoints, {
    name: 'best.safetensors',
    frontEnd: { ...toneFrontEnd },
    classNames: ['high', 'low'],
    config: { evaluation: options },
  });
  await writeFile(run.split, ['id,split', ...store.clips.map(({ id }) => `${id},${splitOfId(id)}`)].join('\n'));
  model = await loadModel(run.dir);
});
afterAll(async () => {
  model?.dispose();
  await store?.close();
});

const options = evaluationOptions.parse({ linear: { epochs: 20 }, bootstrapDraws: 100 });
const common = () => ({ run, store, model, seed: 1, options, command: ['audiossl', 'evaluate'], versions: { audiossl: '0' } });

describe('evaluate', () => {
  test.each(['knn', 'linear'] as const)(
    '%s: record, predictions and embeddings agree with each other and with the clips',
    async (protocol) => {
      const { name, record } = await evaluate({ ...common(), protocol, split: 'validation' });
      expect(name).toBe(`${protocol}-validation-best-seed1`);
      expect(await readTestAccess(run)).toEqual([]);
      const written = (await readEvaluations(run)).find((found) => found.name === name);
      expect(written?.record).toMatchObject(record);
      const predictions = (await readPredictions(run, name))?.predictions ?? [];
      const ids = store.clips.filter(({ id }) => splitOfId(id) === 'validation').map(({ id }) => id);
      expect(predictions.map(({ id }) => id)).toEqual(ids);
      for (const { id, label, predicted, probabilities } of predictions) {
        expect(label).toBe(id.split('/')[0]);
        expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
        expect(predicted).toBe(probabilities[0] >= probabilities[1] ? 'high' : 'low');
      }
      const right = predictions.filter(({ label, predicted }) => label === predicted).length;
      expect(record.clipMicroAccuracy).toBeCloseTo(right / ids.length, 12);
      const embeddings = await readClipEmbeddings(run, name);
      const clips = store.clips.flatMap(({ id }, i) => (splitOfId(id) === 'validation' ? [i] : []));
      const patches = await embedClips({ model, store, clips, batchSize: 3 });
      expect(Array.from(embeddings?.data ?? [])).toBeAllClose(clipMeans(patches, clips.length), { rtol: 1e-5, atol: 1e-6 });
      expect(record.numPatches).toBe(patches.numPatches);
    },
  );

  test('a look at the test split is noted once each, validation is not; baselines stand beside', async () => {
    const before = (await readTestAccess(run)).length;
    const cache = createEmbeddingCache();
    const { record } = await evaluate({ ...common(), protocol: 'linear', split: 'test', baselines: true, cache });
    await evaluate({ ...common(), protocol: 'knn', split: 'test', cache });
    const accesses = (await readTestAccess(run)).slice(before);
    expect(accesses.map(({ protocol, numClips, evaluation }) => [protocol, numClips, evaluation])).toEqual([
      ['linear', 4, 'linear-test-best-seed1'],
      ['knn', 4, 'knn-test-best-seed1'],
    ]);
    expect(store.clips.every((_, i) => cache.has(i))).toBe(true);
    expect(record.baselines?.map(({ name }) => name)).toEqual([
      'chance',
      'log-mel statistics, ridge classifier',
      'vgg with random weights',
    ]);
    expect(record.baselines?.[0].clipMicroAccuracy).toBe(0.5);
    // Tones of two ranges of pitch are what log-mel statistics tell apart best.
    expect(record.baselines?.[1].clipMicroAccuracy).toBe(1);
    // Four recordings are too few for an interval of a difference.
    expect(record.baselines?.map(({ difference }) => difference)).toEqual([null, null, null]);
    const { predictions } = (await readPredictions(run, 'linear-test-best-seed1')) ?? {};
    for (const [i, { name, clipMicroAccuracy }] of (record.baselines ?? []).entries()) {
      if (i === 0) continue;
      const right = predictions?.filter(({ label, baselines }) => baselines?.[name] === label);
      expect((right?.length ?? 0) / 4).toBe(clipMicroAccuracy);
    }
  });

  test("the authors' ways: projections voting among themselves; a probe with drifting statistics that are put back", async () => {
    const numTensors = tf.memory().numTensors;
    const running = () =>
      Array.from(
        (
          model.parameters.get([...model.parameters.keys()].find((name) => name.endsWith('running_mean')) as string) as tf.Variable
        ).dataSync(),
      );
    const before = running();
    const compat = evaluationOptions.parse({ linear: { epochs: 2 }, bootstrapDraws: 100, compat: { knn: true, probeTrainMode: true } });
    const knn = await evaluate({ ...common(), options: compat, protocol: 'knn', split: 'validation', seed: 8 });
    expect(knn.record.options).toMatchObject({ bankPatches: knn.record.numPatches, compat: { knn: true } });
    expect(await readClipEmbeddings(run, knn.name)).toBeUndefined();
    const linear = await evaluate({ ...common(), options: compat, protocol: 'linear', split: 'test', seed: 8 });
    expect(linear.record.notes?.join()).toMatch(/drifted/);
    // Scaling is asked for by default, but a drifting encoder's embeddings are taken as they are.
    expect(compat.linear.standardise).toBe(true);
    expect(linear.record.options).toMatchObject({ standardise: false, compat: { probeTrainMode: true } });
    const still = await embedClips({ model, store, clips: [0] });
    expect(running()).toEqual(before);
    expect(still.h.every(Number.isFinite)).toBe(true);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('another store, other classes, a split without clips and missing labels are refused', async () => {
    const given = { ...common(), protocol: 'knn', split: 'validation' } as const;
    const other = { ...model, frontEnd: { ...model.frontEnd, hopLength: 110 } };
    await expect(evaluate({ ...given, model: other })).rejects.toThrow(/hopLength 110 \/ 220/);
    const named = { ...model, metadata: { ...model.metadata, classNames: ['a', 'b'] } };
    await expect(evaluate({ ...given, model: named })).rejects.toThrow(/same classes, got a, b and high, low/);
    const text = await readFile(run.split, 'utf8');
    await writeFile(run.split, text.replaceAll(',validation', ',train'));
    await expect(evaluate(given)).rejects.toThrow(/no validation clips/);
    await writeFile(run.split, `${text}\nelsewhere.wav,validation`);
    await expect(evaluate(given)).rejects.toThrow(/lacks 1 of the 7 validation clips/);
    await writeFile(run.split, text);
    const unlabelled = Object.create(store, { classNames: { value: [] } }) as FeatureStore;
    await expect(evaluate({ ...given, store: unlabelled })).rejects.toThrow(/accuracy needs labels/);
  });
});

test('embedClips reads every grid patch once, in order, whatever the batch', async () => {
  const clips = [3, 0, 5];
  const one = await embedClips({ model, store, clips, batchSize: 1 });
  const many = await embedClips({ model, store, clips, batchSize: 64 });
  expect(many.h).toBeAllClose(one.h, { rtol: 1e-5, atol: 1e-6 });
  expect([many.clipOfPatch, many.startOfPatch]).toEqual([one.clipOfPatch, one.startOfPatch]);
  const expected = clips.flatMap((clip, position) => {
    const last = store.clips[clip].numFrames - 32;
    const starts = Array.from({ length: Math.ceil(last / 16) }, (_, i) => 16 * i);
    return [...starts, last].map((start) => [position, start]);
  });
  expect(Array.from(one.clipOfPatch, (clip, i) => [clip, one.startOfPatch[i]])).toEqual(expected);
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('stop'));
  await expect(embedClips({ model, store, clips, batchSize: 1, onProgress, signal: controller.signal })).rejects.toThrow('stop');
});

test('logMelFeatures are mean and deviation of each band of each clip', async () => {
  const { numFrames } = store.clips[2];
  const values = await store.readPatches([{ clip: 2, start: 0 }], numFrames);
  const features = await logMelFeatures(store, [1, 2]);
  for (const band of [0, 11, 23]) {
    const column = Array.from({ length: numFrames }, (_, frame) => values[frame * 24 + band]);
    const mean = column.reduce((a, b) => a + b, 0) / numFrames;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numFrames);
    expect([features[48 + band], features[48 + 24 + band]]).toBeAllClose([mean, deviation], { rtol: 1e-9, atol: 1e-7 });
  }
});
