import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { clipMeans, embedClips } from '../../src/embed/embedClips.js';
import { createEmbeddingRowMaker } from '../../src/embed/embeddingRows.js';
import { getSceneEmbeddings } from '../../src/embed/hear.js';
import { exportModel } from '../../src/export/exportModel.js';
import { loadCheckpoint } from '../../src/model/checkpoint.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { createPairSource } from '../../src/train/pairSource.js';
import { pretrain } from '../../src/train/pretrain.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStore } from './toneStore.js';

const config = loadConfig({
  overrides: [
    ...['encoder={name: vgg}', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data={patchFrames: 32, patchHop: 16}'],
    ...['data.standardisation=perClip', 'projectionHead={hiddenSize: 16, outputSize: 8}', 'train.batchSize=8', 'train.epochs=1'],
    'views=[{name: mixBack}, {name: gaussianNoise}]',
  ],
});
const out = join(temporaryFolder(), 'run');
let store: FeatureStore;
let model: Model;

beforeAll(async () => {
  await setBackend({ backend: availableBackends.at(-1), threads: 1 });
  store = await toneStore(10);
  await pretrain({ store, config, out });
  model = await loadModel(out, { checkpoint: 'last' });
});
afterAll(async () => {
  model.dispose();
  await store.close();
});

/** A clip's whole log-mel, and the same by its own mean and deviation. */
async function clip(index: number): Promise<{ raw: Float32Array; standard: number[] }> {
  const raw = await store.readPatches([{ clip: index, start: 0 }], store.clips[index].numFrames);
  const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
  const deviation = Math.sqrt(raw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / raw.length);
  return { raw, standard: Array.from(raw, (value) => (value - mean) / deviation) };
}
const patchOf = (values: number[], start: number) => values.slice(start * 24, (start + 32) * 24);

describe('data.standardisation perClip', () => {
  it('goes on bit-identically, with the checkpoint saying what patches must be', async () => {
    const broken = join(temporaryFolder(), 'run');
    const stop = new AbortController();
    await pretrain({ store, config, out: broken, signal: stop.signal, onProgress: ({ batch }) => void (batch === 1 && stop.abort()) });
    await pretrain({ store, config, out: broken, resume: true });
    const [a, b] = await Promise.all([out, broken].map((run) => loadCheckpoint(join(run, 'checkpoints/last.safetensors'))));
    for (const [name, { data }] of a.tensors) expect(b.tensors.get(name)?.data, name).toEqual(data);
    expect(a.metadata.standardisation).toEqual({ mean: [0], standardDeviation: [1], perClip: true });
  });

  it('trains on views by the mean and deviation of their clip, and embeds the clips of a store by theirs', async () => {
    const source = createPairSource({
      ...{ store, pool: [0, 1, 2], views: [], patchFrames: 32, seed: 1 },
      standardisation: await store.statistics([0], { standardisation: 'perClip' }),
    });
    const batch = await source.read([3, 14], 1);
    const views = tf.tidy(() => source.toViews(batch).dataSync());
    const clips = [await clip(3), await clip(14)];
    for (const [i, { raw, standard }] of [...clips, ...clips].entries()) {
      const patch = [...batch.patches.subarray(i * 32 * 24, (i + 1) * 32 * 24)];
      const start = Array.from({ length: raw.length / 24 - 31 }, (_, start) => start).find((start) =>
        patchOf([...raw], start).every((value, k) => value === patch[k]),
      ) as number;
      expect(views.subarray(i * 32 * 24, (i + 1) * 32 * 24)).toBeAllClose(patchOf(standard, start), { rtol: 1e-5, atol: 1e-5 });
    }
    const { h, dim } = await embedClips({ model, store, clips: [14] });
    const first = tf.tidy(() =>
      model.encoder
        .forward(model.parameters, tf.tensor3d(patchOf(clips[1].standard, 0), [1, 32, 24]), { isTraining: false })
        .dataSync<'float32'>()
        .slice(),
    );
    const scale = Math.max(...first.map(Math.abs));
    expect(scale).toBeGreaterThan(0);
    expect(h.subarray(0, dim)).toBeAllClose(first, { atol: 1e-5 * scale });
    const unaware = {
      ...store,
      nMels: 24,
      clips: store.clips,
      readPatches: () => Promise.resolve(new Float32Array()),
      clipLevels: undefined,
    };
    await expect(embedClips({ model, store: unaware, clips: [0] })).rejects.toThrow('the source of patches has no clipLevels');
  });

  it('embeds recordings, however they come in pieces, as the store has them, and at any volume alike', async () => {
    const { h, dim, clipOfPatch } = await embedClips({ model, store, clips: [3, 14] });
    const expected = clipMeans({ h, dim, clipOfPatch }, 2);
    const scale = Math.max(...expected.map(Math.abs));
    const rows: number[] = [];
    const maker = createEmbeddingRowMaker({ model, per: 'clip', batchSize: 8, onRows: async (some) => void rows.push(...some.h) });
    for (const index of [3, 14]) {
      const { raw } = await clip(index);
      for (let at = 0; at < raw.length; at += 7 * 24) await maker.push(`${index}`, raw.slice(at, at + 7 * 24));
      await maker.end(`${index}`);
    }
    await maker.finish();
    expect(rows).toBeAllClose(expected, { atol: 1e-5 * scale });

    const sound = Float32Array.from({ length: 22_050 }, (_, i) => 0.5 * Math.sin(i * i * 1e-5));
    const scenes = await getSceneEmbeddings([sound, sound.map((value) => value / 4)], model);
    const size = Math.max(...scenes.data.map(Math.abs));
    // A quarter is 1.2 less everywhere in log10 of power, to the rounding of float32.
    expect(scenes.data.slice(0, dim)).toBeAllClose(scenes.data.slice(dim), { atol: 1e-3 * size });
  });

  it('is refused where there is no form for it', async () => {
    await expect(exportModel({ model, format: 'onnx', out: join(temporaryFolder(), 'm.onnx') })).rejects.toThrow(
      'export: the model standardises every recording by its own mean and deviation (data.standardisation perClip), which `format` onnx has no form for',
    );
    await expect(store.statistics([0], { standardisation: 'perClip', compat: { standardDeviation: true } })).rejects.toThrow(
      'data.compat.standardDeviation: the authors have no perClip',
    );
  });
});
