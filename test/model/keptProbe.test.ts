import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { type KeptProbe, loadProbe, saveProbe, withProbe } from '../../src/model/keptProbe.js';
import { loadModel } from '../../src/model/loadModel.js';
import { loadSafetensors, saveSafetensors } from '../../src/util/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { saveSmallModel } from './smallModel.js';

const folder = temporaryFolder();
const path = join(folder, 'probe.safetensors');
beforeAll(() => setBackend({ backend: 'cpu' }));

const probeOf = (sha256: string): KeptProbe => ({
  weights: Float32Array.from({ length: 513 * 3 }, (_, i) => Math.sin(i)),
  dim: 512,
  facts: {
    ...{ schemaVersion: 1, classNames: ['a', 'b', 'c'], encoder: { checkpoint: 'best', sha256 } },
    ...{ evaluation: 'linear-validation-best-seed0', clipMacroAccuracy: 0.5, version: '0.1.0' },
  },
});

describe('a kept probe', () => {
  test("comes back as it was; its file holds PyTorch's Linear; the model classifies by it", async () => {
    const model = await loadModel(await saveSmallModel(folder, { classNames: ['x', 'y'], withClassifier: true }));
    const probe = probeOf(model.checkpoint!.sha256);
    await saveProbe(path, probe);
    expect(await loadProbe(path)).toEqual(probe);
    const { tensors } = await loadSafetensors(path);
    const [weight, bias] = ['weight', 'bias'].map((name) => tensors.get(`classifier.${name}`)!);
    expect([weight.shape, bias.shape]).toEqual([[3, 512], [3]]);

    const before = tf.memory().numTensors;
    const classifying = withProbe(model, probe, path);
    expect(classifying.metadata.classNames).toEqual(['a', 'b', 'c']);
    const h = Float32Array.from({ length: 512 }, (_, i) => Math.cos(3 * i) / 10);
    const got = tf.tidy(() => classifying.classify!(tf.tensor2d(h, [1, 512])).dataSync());
    const powers = [0, 1, 2].map((c) => {
      let sum = Number(bias.data[c]);
      for (let i = 0; i < 512; i++) sum += h[i] * Number(weight.data[c * 512 + i]);
      return Math.exp(sum);
    });
    const total = powers.reduce((sum, power) => sum + power, 0);
    expect(got).toBeAllClose(
      powers.map((power) => power / total),
      { rtol: 1e-4 },
    );
    classifying.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  test('of another encoder, of other classes than it says, or none at all, is refused in a line', async () => {
    const file = await saveSmallModel(folder);
    const model = await loadModel(file);
    expect(() => withProbe(model, probeOf('0'.repeat(64)), path)).toThrow(
      /probe\.safetensors was trained on the embeddings of another encoder: best, sha256 000000000000, h of 512; the model is .*; name that encoder with `model`/,
    );
    model.dispose();
    await saveProbe(path, probeOf('f'));
    const { tensors, metadata } = await loadSafetensors(path);
    const facts = JSON.parse(metadata.audiosslProbe);
    const rewrite = (changes: object) =>
      saveSafetensors(path, { tensors, metadata: { audiosslProbe: JSON.stringify({ ...facts, ...changes }) } });
    await rewrite({ classNames: ['a', 'b'] });
    await expect(loadProbe(path)).rejects.toThrow(
      /loadProbe: .*probe\.safetensors: the classifier has 3 classes and 3 biases, the names are 2/,
    );
    await rewrite({ schemaVersion: 2 });
    await expect(loadProbe(path)).rejects.toThrow(/probe\.safetensors: metadata: .*1.*; make one with audiossl evaluate/);
    await expect(loadProbe(dirname(file))).rejects.toThrow(/is a folder, a kept probe is a file; make one with audiossl evaluate/);
    await expect(loadProbe(`${file}.none`)).rejects.toThrow(/model\.safetensors\.none: is not there; make one/);
    await expect(loadProbe(file)).rejects.toThrow(/model\.safetensors: is no kept probe: it has no metadata "audiosslProbe"/);
  });
});
