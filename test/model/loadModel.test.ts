import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { checkModelFrontEnd, createModel, loadModel } from '../../src/model/loadModel.js';
import { loadSafetensors, type SafetensorsTensor } from '../../src/util/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { metadataOf, saveSmallModel } from './smallModel.js';

const folder = temporaryFolder();
beforeAll(() => setBackend({ backend: 'wasm' }));
const patches = (seed: number, n = 2) =>
  tf.tensor3d(
    Float32Array.from({ length: n * 32 * 96 }, (_, i) => Math.sin(seed + i * 0.7) - 1),
    [n, 32, 96],
  );
const embed = (model: { embedPatches(p: tf.Tensor3D): tf.Tensor2D }, x: tf.Tensor3D) => {
  const h = model.embedPatches(x);
  const values = Array.from(h.dataSync());
  h.dispose();
  return values;
};

describe('loadModel', () => {
  test('standardises inside, with the checkpoint numbers, global or a value a band', async () => {
    const model = await loadModel(await saveSmallModel(folder));
    const x = patches(1);
    const expected = tf.tidy(() => {
      const standard = tf.div(tf.add(x, 1.5), 2.2) as tf.Tensor3D;
      return Array.from(model.encoder.forward(model.parameters, standard, { isTraining: false }).dataSync());
    });
    expect(embed(model, x)).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-6 });
    model.dispose();
    const mean = Array.from({ length: 96 }, (_, band) => band / 96);
    const perBand = createModel(metadataOf({ standardisation: { mean, standardDeviation: mean.map((value) => 1 + value) } }));
    const standard = tf.tidy(() => tf.div(tf.sub(x, tf.tensor1d(mean)), tf.tensor1d(mean.map((value) => 1 + value))) as tf.Tensor3D);
    const plain = createModel(metadataOf({ standardisation: { mean: [0], standardDeviation: [1] } }));
    expect(embed(perBand, x)).toBeAllClose(embed(plain, standard), { rtol: 1e-5, atol: 1e-6 });
    perBand.dispose();
    plain.dispose();
    tf.dispose([x, standard]);
    expect(tf.memory().numTensors).toBe(0);
  });

  test('embedding is deterministic, does not depend on the batch, changes no weight; z comes from the head', async () => {
    const model = await loadModel(await saveSmallModel(folder));
    const [x, other] = [patches(1), patches(9, 1)];
    const both = tf.concat([x, other]);
    const before = embed(model, x);
    expect(embed(model, x)).toEqual(before);
    expect(embed(model, both).slice(0, before.length)).toBeAllClose(before, { rtol: 1e-5, atol: 1e-6 });
    expect(embed(model, x)).toEqual(before);
    const z = model.projectPatches?.(x) as tf.Tensor2D;
    expect(z.shape).toEqual([2, 8]);
    tf.dispose([x, other, both, z]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('a run folder gives its best checkpoint, or the one asked for; what is absent is said with the remedy', async () => {
    const run = join(folder, 'run');
    await mkdir(join(run, 'checkpoints'), { recursive: true });
    await expect(loadModel(run)).rejects.toThrow(/best\.safetensors does not exist; pass `checkpoint` last/);
    await saveSmallModel(join(run, 'checkpoints'), { name: 'best.safetensors', step: 1 });
    const last = await saveSmallModel(join(run, 'checkpoints'), { name: 'last.safetensors', step: 2 });
    for (const [checkpoint, step] of [
      [undefined, 1],
      ['last', 2],
      [last, 2],
    ] as const) {
      const model = await loadModel(run, { checkpoint });
      expect(model.metadata.step).toBe(step);
      expect(model.checkpoint?.name).toBe(checkpoint ?? 'best');
      expect(model.checkpoint?.sha256).toMatch(/^[0-9a-f]{64}$/);
      model.dispose();
    }
    await expect(loadModel(join(folder, 'nothing'))).rejects.toThrow(/nothing does not exist/);
  });

  test("a classifier's probabilities are softmax(h W + b) of the file's weights; without one there are none", async () => {
    const path = await saveSmallModel(folder, { name: 'classes.safetensors', classNames: ['a', 'b', 'c'], withClassifier: true });
    const model = await loadModel(path);
    const { tensors } = await loadSafetensors(path);
    const [weight, bias] = ['weight', 'bias'].map((name) => tensors.get(`classifier.${name}`) as SafetensorsTensor);
    const dim = model.encoder.embeddingSize;
    expect([weight.shape, bias.shape]).toEqual([[3, dim], [3]]);
    const h = Float32Array.from({ length: 2 * dim }, (_, i) => Math.sin(i));
    const input = tf.tensor2d(h, [2, dim]);
    const probabilities = model.classify?.(input) as tf.Tensor2D;
    // Torch's layout: logit[n, c] = sum over i of h[n, i] weight[c, i] + bias[c].
    const expected = [0, 1].flatMap((n) => {
      const powers = [0, 1, 2].map((c) => {
        let sum = Number(bias.data[c]);
        for (let i = 0; i < dim; i++) sum += h[n * dim + i] * Number(weight.data[c * dim + i]);
        return Math.exp(sum);
      });
      return powers.map((power) => power / (powers[0] + powers[1] + powers[2]));
    });
    expect(Array.from(probabilities.dataSync())).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-6 });
    const x = patches(3);
    const xh = model.embedPatches(x);
    const both = [model.classifyPatches?.(x) as tf.Tensor2D, model.classify?.(xh) as tf.Tensor2D];
    expect(Array.from(both[0].dataSync())).toEqual(Array.from(both[1].dataSync()));
    tf.dispose([input, probabilities, x, xh, ...both]);
    model.dispose();
    const without = await loadModel(await saveSmallModel(folder, { classNames: ['a', 'b', 'c'] }));
    expect(without.classify).toBeUndefined();
    without.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('a file is one checkpoint: another cannot be asked for beside it', async () => {
    const path = await saveSmallModel(folder);
    for (const checkpoint of ['best', 'last', path]) {
      await expect(loadModel(path, { checkpoint })).rejects.toThrow(/model\.safetensors is a file; leave out the checkpoint /);
    }
  });

  test('another front end is refused with both values', () => {
    const frontEnd = resolveFrontEnd({ preset: 'acl' });
    expect(() => checkModelFrontEnd({ frontEnd }, { ...frontEnd }, 'x')).not.toThrow();
    expect(() => checkModelFrontEnd({ frontEnd }, { ...frontEnd, nMels: 64 }, 'the store s')).toThrow(
      /the store s have different front ends .*nMels 96 \/ 64/,
    );
  });

  test('standardisation of another number of bands and unknown encoders are refused', () => {
    expect(() => createModel(metadataOf({ standardisation: { mean: [1, 2], standardDeviation: [1] } }))).toThrow(/1 or 96 values, has 2/);
    expect(() => createModel(metadataOf({ encoder: { name: 'resnet99' } }), 'f')).toThrow(/f: unknown encoder: .*resnet99/);
    const frontEnd = { ...resolveFrontEnd({ preset: 'acl' }), nFft: 1000 };
    expect(() => createModel(metadataOf({ frontEnd }), 'f')).toThrow(/^loadModel: f: frontEnd: nFft must be a power of two/);
  });

  test('a head that does not fit is refused, and nothing stays on the backend', async () => {
    for (const [projectionHead, message] of [
      [{ hiddenSize: 16, outputSize: 9 }, /projectionHead: mis-shaped 3\.weight/],
      [{ layers: 3 }, /unknown projection head \{"layers":3\}/],
    ] as const) {
      const path = await saveSmallModel(folder, { projectionHead });
      await expect(loadModel(path)).rejects.toThrow(message);
    }
    expect(tf.memory().numTensors).toBe(0);
  });
});
