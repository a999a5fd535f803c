import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { alignment } from '../../src/eval/alignment.js';
import { tolerance } from '../../src/eval/tolerance.js';
import { uniformity } from '../../src/eval/uniformity.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { readFeatureAnalyses, writeFeatureAnalysis } from '../../src/run/featureAnalysis.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readTestAccess } from '../../src/run/testAccess.js';
import { analyzeFeatures } from '../../src/train/analyzeFeatures.js';
import { createPairSource } from '../../src/train/pairSource.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd, toneStore } from './toneStore.js';

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
const views = viewsOptions.parse([{ name: 'mixBack' }, { name: 'gaussianNoise', maxStandardDeviation: 0.5 }]);
const standardisation = { mean: [-3], standardDeviation: [0.7] };
const config = { seed: 5, views, loss: { name: 'ntXent', temperature: 0.3 }, data: { compat: { excludeLastStart: true } } };
let store: FeatureStore;
let model: Model;

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(run.checkpoints, { recursive: true });
  await saveSmallModel(run.checkpoints, { name: 'best.safetensors', frontEnd: { ...toneFrontEnd }, config, standardisation });
  store = await toneStore(6);
  const split = store.clips.map(({ id }, i) => `${id},${['train', 'validation', 'validation', 'test'][i % 4]}`);
  await writeFile(run.split, ['id,split', ...split].join('\n'));
  await writeFile(run.config, 'seed: 5\n');
  model = await loadModel(run.dir);
  return async () => {
    model.dispose();
    await store.close();
  };
});

/** The same rows by another way: all pairs at once, standardised by the source, the encoder and the head called by themselves. */
async function rowsOfAllPairs(clips: number[], list: typeof views) {
  const source = createPairSource({ store, pool: clips, views: list, standardisation, patchFrames: 32, excludeLastStart: true, seed: 5 });
  const batch = await source.read(clips, 0);
  return tf.tidy(() => {
    const h = model.encoder.forward(model.parameters, source.toViews(batch), { isTraining: false });
    const z = model.project?.(h) as tf.Tensor2D;
    return [h, z].map((rows) => {
      const values = rows.dataSync<'float32'>();
      return { a: values.slice(0, values.length / 2), b: values.slice(values.length / 2), dim: rows.shape[1] };
    });
  });
}

describe('analyzeFeatures', () => {
  test('writes what the loops give on all pairs at once, for h and z, augmented and not; the batch size changes nothing', async () => {
    const before = tf.memory().numTensors;
    const { path, name, record } = await analyzeFeatures({ run, store, model, split: 'validation', batchSize: 4 });
    expect(tf.memory().numTensors).toBe(before);
    expect(path).toBe(join(run.dir, 'analysis', 'features-validation-best-seed5.json'));
    const clips = store.clips.flatMap((_, i) => (i % 4 === 1 || i % 4 === 2 ? [i] : []));
    const labels = clips.map((clip) => store.clips[clip].labelIndex as number);
    for (const [list, part, histogram] of [
      [views, record, record.histograms.views],
      [viewsOptions.parse([]), record.patches, record.histograms.patches],
    ] as const) {
      for (const [i, { a, b, dim }] of (await rowsOfAllPairs(clips, list)).entries()) {
        const space = i === 0 ? 'h' : 'z';
        // 1e-4: the order of summation differs between batches.
        expect(part.uniformity[space]).toBeCloseTo(uniformity(a, dim), 4);
        expect(part.alignment[space]).toBeCloseTo(alignment(a, b, dim), 4);
        expect(part.tolerance?.[space]).toBeCloseTo(tolerance([...a, ...b], [...labels, ...labels], dim), 4);
        const { mean, standardDeviation, numPairs } = histogram[space] as NonNullable<typeof histogram.z>;
        expect(numPairs).toBe(clips.length);
        // The alignment is the mean of the squared distances.
        expect(mean ** 2 + standardDeviation ** 2).toBeCloseTo(part.alignment[space] as number, 4);
      }
    }
    // Noise of half a decade is seen; so is the class against the others.
    expect(record.alignment.h).toBeGreaterThan(1.2 * record.patches.alignment.h);
    expect(record.histograms.otherClips.h.numPairs).toBe((clips.length * (clips.length - 1)) / 2);
    expect(record).toMatchObject({ numClips: 6, numLabelledClips: 6, loss: config.loss, views: ['mixBack', 'gaussianNoise'], notes: [] });
    expect(await readFeatureAnalyses(run)).toEqual([{ name, record }]);
    const csv = (kind: string) =>
      readFileSync(path.replace(/json$/, `${kind}.csv`), 'utf8')
        .trim()
        .split('\n');
    const points = (record.gradients ?? []).flatMap(({ series }) => series.flatMap(({ curve, measured }) => [...curve, ...measured]));
    expect([csv('gradients').length - 1, csv('histograms').length - 1]).toEqual([points.length, 6 * 100]);
    // Two views of 6 clips: each row has one positive, 10 negatives.
    expect(record.gradients?.[0]).toMatchObject({ loss: 'infoNce', option: 'm1', kind: 'positive' });
    expect(record.gradients?.[0].series[0].measured.length).toBe(12);
    expect(points.flat().every(Number.isFinite)).toBe(true);
    expect(await readTestAccess(run)).toEqual([]);
  });

  test('the test split is noted before, too few clips for mix-back are said', async () => {
    const { record } = await analyzeFeatures({ run, store, model, split: 'test', seed: 9 });
    expect(record).toMatchObject({ numClips: 3, seed: 9, views: ['mixBack', 'gaussianNoise'] });
    expect(await readTestAccess(run)).toMatchObject([{ protocol: 'features', numClips: 3, evaluation: 'features-test-best-seed9' }]);
    const small = runFolder(join(folder, 'small'));
    await mkdir(small.dir);
    await writeFile(small.split, `id,split\n${store.clips[0].id},validation\n${store.clips[7].id},validation\n`);
    const result = await analyzeFeatures({ run: small, store, model, split: 'validation' });
    expect(result.record).toMatchObject({ views: ['gaussianNoise'], notes: ['mixBack is left out: it needs 3 clips, the split has 2'] });
  });

  test('a split of one clip, a store of other clips, a broken file are refused in one line', async () => {
    const small = runFolder(join(folder, 'odd'));
    await mkdir(join(small.dir, 'analysis'), { recursive: true });
    await writeFile(small.split, `id,split\n${store.clips[0].id},validation\nother/clip.wav,test\n${store.clips[1].id},test\n`);
    const analyse = (split: 'validation' | 'test') => analyzeFeatures({ run: small, store, model, split });
    await expect(analyse('validation')).rejects.toThrow(/^analyze: the validation split must have at least 2 clips, .* has 1$/);
    await expect(analyse('test')).rejects.toThrow(/^analyze: the store lacks 1 of the 2 test clips .* `features`$/);
    await writeFile(join(small.dir, 'analysis', 'features-test-best-seed0.json'), '{"kind":"features"}');
    await expect(readFeatureAnalyses(small)).rejects.toThrow(/^feature analysis: .*features-test-best-seed0\.json: /);
    const { record } = await analyzeFeatures({ run, store, model, split: 'validation' });
    await expect(writeFeatureAnalysis(small, { ...record, alignment: { h: -1, z: null } })).rejects.toThrow(/alignment\.h/);
    expect(await readFeatureAnalyses(runFolder(join(folder, 'none')))).toEqual([]);
  });
});
