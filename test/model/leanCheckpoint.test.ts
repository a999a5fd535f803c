import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/model/checkpoint.js';
import { leanCheckpoint } from '../../src/model/leanCheckpoint.js';
import { loadModel, type Model, randomModel } from '../../src/model/loadModel.js';
import { randomModelSeed, shippedModel } from '../../src/model/shippedModel.js';
import { loadSafetensors } from '../../src/util/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { saveSmallModel } from './smallModel.js';

const folder = temporaryFolder();
beforeAll(() => setBackend({ backend: 'wasm' }));

const patches = tf.util.createShuffledIndices(3 * 32 * 96);
const run = (model: Model) =>
  tf.tidy(() => {
    const h = model.embedPatches(tf.sub(tf.div(tf.tensor3d(Float32Array.from(patches), [3, 32, 96]), 2000), 4));
    return { h: [...h.dataSync()], probabilities: [...(model.classify?.(h).dataSync() ?? [])] };
  });

async function smallRun() {
  const config = { train: { initialise: '/home/me/secret/run' }, data: { format: 'csv', others: ['./a/b', 'plain/name'] } };
  const path = await saveSmallModel(folder, { withClassifier: true, classNames: ['a', 'b'], config, training: { epoch: 3 } });
  const whole = await loadCheckpoint(path);
  whole.tensors.set('optimizer.momentum.encoder.fc.bias', { shape: [512], data: new Float32Array(512) });
  whole.tensors.set('momentumEncoder.fc.bias', { shape: [512], data: new Float32Array(512) });
  await saveCheckpoint(path, whole);
  return { path, whole };
}

describe('leanCheckpoint', () => {
  test('as float16 gives half the bytes and the embeddings and classes of the whole, without what only training needs', async () => {
    const { path, whole } = await smallRun();
    const half = join(folder, 'half.safetensors');
    const lean = leanCheckpoint(whole);
    await saveCheckpoint(half, lean, { half: true });

    const { tensors, metadata } = await loadSafetensors(half);
    expect([...tensors.keys()].filter((name) => !/^(encoder|classifier)\./.test(name))).toEqual([]);
    expect(tensors.get('encoder.conv2.weight')?.dtype).toBe('F16');
    expect(tensors.get('encoder.bn2.running_var')?.dtype).toBe('F32');
    expect(statSync(half).size).toBeLessThan(0.55 * 4 * [...lean.tensors.values()].reduce((sum, { data }) => sum + data.length, 0));
    expect(metadata.audiossl).not.toContain('secret');
    expect((await loadCheckpoint(half)).metadata).toMatchObject({
      projectionHead: null,
      config: { train: { initialise: 'run' }, data: { format: 'csv', others: ['b', 'plain/name'] } },
    });

    const models = [await loadModel(path), await loadModel(half)];
    const [expected, got] = models.map(run);
    // Seven layers, the values of each moved by a relative 2^-11 at most: 3.4e-3 were all errors of one sign.
    expect(got.h).toBeAllClose(expected.h, { atol: 3.4e-3 * Math.max(...expected.h) });
    expect(got.h).not.toEqual(expected.h);
    expect(got.probabilities).toBeAllClose(expected.probabilities, { atol: 2e-3 });
    for (const model of models) model.dispose();
  });

  test('rounds filters to the nearest half, and refuses what float16 cannot hold', async () => {
    const { whole } = await smallRun();
    const half = join(folder, 'rounded.safetensors');
    const { data } = whole.tensors.get('encoder.fc.weight')!;
    data.set([1 + 2 ** -11 + 2 ** -16, 1 + 2 ** -11, 0.1, -3e-8]);
    await saveCheckpoint(half, leanCheckpoint(whole), { half: true });
    const read = (await loadCheckpoint(half)).tensors.get('encoder.fc.weight')!.data;
    // Published: 0.1 is 0x2e66 = 0.0999755859375; a tie goes to the even; 2^-25 < 3e-8 goes up to the smallest, 2^-24.
    expect([...read.subarray(0, 4)]).toEqual([1 + 2 ** -10, 1, 0.0999755859375, -(2 ** -24)]);
    data[3] = 65520;
    await expect(saveCheckpoint(half, leanCheckpoint(whole), { half: true })).rejects.toThrow(
      /rounded\.safetensors: encoder\.fc\.weight holds 65520, which float16 cannot; write it without half/,
    );
  });

  test('a half file that is cut, or of another release, is refused in a line', async () => {
    const { whole } = await smallRun();
    const half = join(folder, 'cut.safetensors');
    await saveCheckpoint(half, leanCheckpoint(whole), { half: true });
    const bytes = await readFile(half);
    await writeFile(half, bytes.subarray(0, bytes.length / 2));
    await expect(loadModel(half)).rejects.toThrow(/cut\.safetensors: the tensors cover \d+ bytes, the file has \d+; it is cut off/);
    const text = bytes.toString('latin1').replace('\\"schemaVersion\\":1', '\\"schemaVersion\\":9');
    await writeFile(half, Buffer.from(text, 'latin1'));
    await expect(loadModel(half)).rejects.toThrow(/cut\.safetensors: schemaVersion must be 1, got 9; use the audiossl that wrote it/);
    const other = bytes.toString('latin1').replace('\\"nMels\\":96', '\\"nMels\\":-6');
    await writeFile(half, Buffer.from(other, 'latin1'));
    await expect(loadModel(half)).rejects.toThrow(/loadModel: .*cut\.safetensors: .*nMels/);
    expect(tf.memory().numTensors).toBe(0);
  });
});

describe('the encoder that ships', () => {
  test('is found in the folder of models with its card, or is said to be absent', async () => {
    expect(() => shippedModel(folder)).toThrow(
      /the encoder that comes with audiossl is not in this copy of it \(.*free-sounds\.safetensors\); name a run folder or a \.safetensors file/,
    );
    const path = await saveSmallModel(folder, { name: 'free-sounds.safetensors' });
    expect(shippedModel(folder)).toEqual({ name: 'free-sounds', path, card: join(folder, 'free-sounds.md') });
  });

  test('random weights: its network, front end and standardisation; equal seeds give equal weights', async () => {
    expect([undefined, 'random', 'random:12', 'random:', 'randomised', 'runs/random'].map(randomModelSeed)).toEqual([
      ...[undefined, 0, 12, undefined, undefined, undefined],
    ]);
    const like = await saveSmallModel(folder, { standardisation: { mean: [-3], standardDeviation: [1.5] } });
    const models = [await randomModel({ seed: 4, like }), await randomModel({ seed: 4, like }), await randomModel({ seed: 5, like })];
    const [a, again, b] = models.map((model) => run(model).h);
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
    expect(models[0].metadata).toMatchObject({ standardisation: { mean: [-3] }, step: 0, classNames: [] });
    expect(models.map(({ checkpoint }) => checkpoint?.name)).toEqual([4, 4, 5].map((seed) => `random weights, seed ${seed}`));
    expect(models[0].checkpoint?.sha256).toBe(models[1].checkpoint?.sha256);
    expect(models[0].checkpoint?.sha256).not.toBe(models[2].checkpoint?.sha256);
    for (const model of models) model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
});
