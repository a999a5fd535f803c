import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { auditSubject } from '../../src/cli/data/audit/runAudit.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import type { StoredClip } from '../../src/data/storeFiles.js';
import { embedClips } from '../../src/embed/embedClips.js';
import { createEmbeddingCache } from '../../src/embed/embeddingCache.js';
import { evaluate } from '../../src/eval/evaluate.js';
import { evaluateFolds } from '../../src/eval/evaluateFolds.js';
import { evaluateSeries } from '../../src/eval/evaluateSeries.js';
import { evaluationOptions } from '../../src/eval/evaluationOptions.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { readEvaluations } from '../../src/run/evaluationRecord.js';
import { readPredictions } from '../../src/run/predictions.js';
import { type RunFolder, runFolder } from '../../src/run/runFolder.js';
import { readTestAccess } from '../../src/run/testAccess.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd, toneStore } from '../train/toneStore.js';

const folder = temporaryFolder();
let store: FeatureStore;
let model: Model;

const numberOf = (id: string) => Number(/(\d+)\.wav/.exec(id)?.[1]);
const splitOfId = (id: string) => (numberOf(id) % 2 === 0 ? 'train' : numberOf(id) % 4 === 1 ? 'validation' : 'test');
/** The tones with more said about each clip. */
const storeWith = (change: (clip: StoredClip) => Partial<StoredClip>): FeatureStore =>
  Object.create(store, { clips: { value: store.clips.map((clip) => ({ ...clip, ...change(clip) })) } }) as FeatureStore;
const folded = () => storeWith(({ id }) => ({ fold: String((numberOf(id) % 3) + 1) }));

/** A fresh run whose split.csv names the tones. */
async function makeRun(name: string): Promise<RunFolder> {
  const run = runFolder(join(folder, name));
  await mkdir(run.evaluations, { recursive: true });
  await writeFile(run.split, ['id,split', ...store.clips.map(({ id }) => `${id},${splitOfId(id)}`)].join('\n'));
  return run;
}

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  store = await toneStore(10);
  const path = await saveSmallModel(folder, {
    frontEnd: { ...toneFrontEnd },
    classNames: ['high', 'low'],
    withClassifier: true,
    config: { evaluation: options },
  });
  model = await loadModel(path);
});
afterAll(async () => {
  model?.dispose();
  await store?.close();
});

const options = evaluationOptions.parse({ linear: { epochs: 3 }, bootstrapDraws: 100 });
const common = (run: RunFolder) => ({ run, store, model, seed: 1, options, command: ['audiossl', 'evaluate'] });

describe('evaluateSeries', () => {
  test('a record a share and seed, each clip embedded once, each look at test noted; all labels are the plain evaluation; a label audit then embeds none', async () => {
    const run = await makeRun('series');
    const embedded: number[] = [];
    const counting: Model = {
      ...model,
      embedPatches(patches) {
        embedded.push(patches.shape[0]);
        return model.embedPatches(patches);
      },
    };
    const { results, summary } = await evaluateSeries({
      ...{ ...common(run), model: counting, protocol: 'linear', split: 'test', repeats: 2 },
      limits: [{ labelFraction: 0.4 }, { shots: 1 }, 'all'],
    });
    const names = results.map(({ name }) => name.replace(/-[^-]*-seed/, '-seed'));
    expect(names).toEqual(['labels40-', 'shots1-', ''].flatMap((part) => [1, 2].map((seed) => `linear-${part}test-seed${seed}`)));
    expect((await readEvaluations(run)).map(({ name }) => name).sort()).toEqual(results.map(({ name }) => name).sort());
    expect((await readTestAccess(run)).map(({ evaluation }) => evaluation)).toEqual(results.map(({ name }) => name));
    const all = await embedClips({ model, store, clips: store.clips.map((_, i) => i) });
    expect(embedded.reduce((sum, n) => sum + n, 0)).toBe(all.numPatches);
    const audit = { split: 'all', format: 'auto', out: join(folder, 'audit'), top: 3, seed: 1, folds: 3, neighbours: 3 } as const;
    const { numClips } = await auditSubject({ run, store, model: counting }, audit, {
      onProgress() {},
      signal: new AbortController().signal,
    });
    expect([numClips, embedded.reduce((sum, n) => sum + n, 0)]).toEqual([20, all.numPatches]);
    // Five training clips a class: two of them are 40 %.
    expect(results.map(({ record }) => [record.labelFraction, record.shots, record.options?.trainClips])).toEqual([
      ...[0, 1].map(() => [0.4, null, 4]),
      ...[0, 1].map(() => [null, 1, 2]),
      ...[0, 1].map(() => [null, null, 10]),
    ]);
    const plain = await evaluate({ ...common(await makeRun('plain')), protocol: 'linear', split: 'test' });
    expect(plain.clips.probabilities).toEqual(results[4].clips.probabilities);
    expect(summary.map(({ labelFraction, shots, numTrainClips, seeds }) => [labelFraction, shots, numTrainClips, seeds])).toEqual([
      [0.4, null, 4, [1, 2]],
      [null, 1, 2, [1, 2]],
      [1, null, 10, [1, 2]],
    ]);
    const [a, b] = results.map(({ record }) => record.clipMacroAccuracy);
    expect(summary[0].clipMacroAccuracy.mean).toBeCloseTo((a + b) / 2, 12);
    expect(summary[0].clipMacroAccuracy.standardDeviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
  });

  test('knn with fewer labels asks the same share of the bank', async () => {
    const run = await makeRun('shares');
    const majority = evaluationOptions.parse({ ...options, compat: { majorityVote: true } });
    const given = { ...common(run), options: majority, protocol: 'knn', split: 'validation' } as const;
    const [limited, all] = (await evaluateSeries({ ...given, limits: [{ labelFraction: 0.4 }, 'all'] })).results.map(
      ({ record }) => record,
    );
    const bank = (record: typeof all) => Number(record.options?.bankPatches);
    expect(all.options?.neighbours).toBe(bank(all));
    expect(limited.options?.neighbours).toBe(bank(limited));
    const few = evaluationOptions.parse({ ...majority, neighbours: 5 });
    const [fifth] = (await evaluateSeries({ ...given, options: few, limits: [{ labelFraction: 0.4 }] })).results;
    expect(fifth.record.options?.neighbours).toBe(Math.round((5 * bank(limited)) / bank(all)));
    expect(await readTestAccess(run)).toEqual([]);
  });

  test('repeats that change nothing and a share given twice are refused before any work', async () => {
    const run = await makeRun('refused');
    const given = { ...common(run), split: 'test' } as const;
    await expect(evaluateSeries({ ...given, protocol: 'knn', repeats: 2 })).rejects.toThrow(
      /`repeats` needs something that a seed changes/,
    );
    const limits = [{ shots: 1 }, { shots: 1 }];
    await expect(evaluateSeries({ ...given, protocol: 'knn', limits })).rejects.toThrow(/given once, got \{"shots":1\} twice/);
    expect([await readTestAccess(run), await readdir(run.evaluations)]).toEqual([[], []]);
  });
});

test('commands one after the other, several protocols, folds and fewer labels, embed each clip once for one encoder', async () => {
  const run = await makeRun('once');
  let numForward = 0;
  const counting: Model = {
    ...model,
    embedPatches(patches) {
      numForward += patches.shape[0];
      return model.embedPatches(patches);
    },
  };
  const given = { ...common(run), model: counting, split: 'test' } as const;
  const { numPatches } = await embedClips({ model, store, clips: store.clips.map((_, i) => i) });
  await evaluate({ ...given, protocol: 'linear' });
  expect(numForward).toBe(numPatches);
  const [alone] = (await evaluateSeries({ ...given, protocol: 'knn' })).results;
  await evaluateFolds({ ...given, store: folded(), protocol: 'knn' });
  await evaluateSeries({ ...given, protocol: 'classifier' });
  await evaluateSeries({ ...given, protocol: 'linear', limits: [{ labelFraction: 0.4 }, { shots: 1 }] });
  expect(numForward).toBe(numPatches);
  const elsewhere = await evaluate({ ...given, run: await makeRun('elsewhere'), protocol: 'knn' });
  expect(numForward).toBeGreaterThan(numPatches);
  expect(elsewhere.clips).toEqual(alone.clips);
});

describe('evaluateFolds', () => {
  test('each fold is the test once, and the pooled record is about all clips; what the encoder was trained on is told', async () => {
    const run = await makeRun('folds');
    const results = await evaluateFolds({ ...common(run), store: folded(), protocol: 'knn', split: 'test' });
    expect(results.map(({ record }) => [record.fold, record.numClips])).toEqual([['1', 8], ['2', 6], ['3', 6], [null, 20]]); // biome-ignore format: a table
    const pooled = results[3];
    expect(pooled.name).toMatch(/^knn-folds1_2_3-test-/);
    expect(pooled.record.folds?.map(({ fold, numClips }) => [fold, numClips])).toEqual([['1', 8], ['2', 6], ['3', 6]]); // biome-ignore format: a table
    expect([...pooled.clips.ids].sort()).toEqual(store.clips.map(({ id }) => id).sort());
    const right = results.slice(0, 3).reduce((sum, { record }) => sum + record.clipMicroAccuracy * record.numClips, 0);
    expect(pooled.record.clipMicroAccuracy).toBeCloseTo(right / 20, 12);
    const rows = await Promise.all(results.slice(0, 3).map(async ({ name }) => (await readPredictions(run, name))?.predictions ?? []));
    expect((await readPredictions(run, pooled.name))?.predictions).toEqual(rows.flat());
    expect((await readTestAccess(run)).map(({ numClips }) => numClips)).toEqual([8, 6, 6]);
    // Tones 00 02 .. 08 trained, of two classes; fold 1 has the tones 00 03 06 09.
    const seen = [0, 1, 2].map((rest) => 2 * [0, 2, 4, 6, 8].filter((n) => n % 3 === rest).length);
    expect(results.map(({ record }) => record.options?.seenInTraining)).toEqual([...seen, 10]);
    expect(results[0].record.notes?.join()).toMatch(
      new RegExp(`trained on the recordings of ${seen[0]} of the 8 test clips, with their labels`),
    );
    expect(pooled.record.notes?.join()).toMatch(
      new RegExp(`fold 2: the run was trained on the recordings of ${seen[1]} of the 6 test clips`),
    );
  });

  test('a fold predicts as an evaluation by a split.csv that says the same', async () => {
    const run = await makeRun('oneFold');
    const [{ record, clips }] = await evaluateFolds({ ...common(run), store: folded(), protocol: 'linear', split: 'test', folds: ['3'] });
    const places = { '3': 'test', '1': 'validation', '2': 'train' } as const;
    const bySplit = await makeRun('bySplit');
    const rows = store.clips.map(({ id }) => `${id},${places[String((numberOf(id) % 3) + 1) as '1']}`);
    await writeFile(bySplit.split, ['id,split', ...rows].join('\n'));
    const plain = await evaluate({ ...common(bySplit), protocol: 'linear', split: 'test' });
    expect(clips.probabilities).toEqual(plain.clips.probabilities);
    expect(record.options?.trainClips).toBe(plain.record.options?.trainClips);
    expect((await readEvaluations(run)).map(({ record: { fold } }) => fold)).toEqual(['3']);
  });

  test('wrong use is refused before the first fold is looked at', async () => {
    const run = await makeRun('wrongFolds');
    const given = { ...common(run), store: folded(), protocol: 'knn', split: 'test' } as const;
    await expect(evaluateFolds({ ...given, folds: ['1', '9'] })).rejects.toThrow(/must name folds of the data, got 9; it has 1, 2, 3/);
    await expect(evaluateFolds({ ...given, folds: ['1', '1'] })).rejects.toThrow(/must name a fold once, got 1 twice/);
    await expect(evaluateFolds({ ...given, store })).rejects.toThrow(/got data without folds/);
    await expect(evaluateFolds({ ...given, split: 'validation' })).rejects.toThrow(/pass `split` test/);
    await expect(evaluateFolds({ ...given, trainOn: 'clean' })).rejects.toThrow(/`folds` and `trainOn` each say who trains/);
    expect([await readTestAccess(run), await readdir(run.evaluations)]).toEqual([[], []]);
  });
});

describe('other data and other training clips', () => {
  /** The tones as another data set: other ids and classes, a split column. */
  const foreign = () =>
    Object.create(
      storeWith(({ id }) => ({ id: `other/${id}`, split: splitOfId(id) })),
      {
        classNames: { value: ['deep', 'shrill'] },
      },
    ) as FeatureStore;

  test('transfer is asked for, goes by the split column and has classes of its own', async () => {
    const run = await makeRun('transfer');
    const given = { ...common(run), store: foreign(), protocol: 'knn', split: 'test' } as const;
    await expect(evaluate(given)).rejects.toThrow(/same classes, got high, low and deep, shrill; pass `transfer`/);
    const { name, record, clips } = await evaluate({ ...given, transfer: true });
    expect(name).toMatch(/^knn-on_[^-]*_store_[0-9a-f]{8}-test-/);
    expect([record.classNames, record.numClips]).toEqual([['deep', 'shrill'], 4]);
    expect(record.notes?.join('; ')).toMatch(
      /transfer: the data are those of .*trained on copies of 4 of the 4 test clips is unknown: they were compared by id alone/,
    );
    const ofFile = await makeRun('ofFile');
    await writeFile(ofFile.split, 'id,split\n');
    const { notes } = (await evaluate({ ...given, run: ofFile, transfer: true })).record;
    expect(notes?.join('; ')).toMatch(/the encoder came as a file, which does not list the clips that it was trained on/);
    expect(notes?.join('; ')).not.toMatch(/is unknown/);
    const own = await evaluate({ ...given, store });
    expect(clips.predicted).toEqual(own.clips.predicted);
    expect(own.record.dataset).toBeNull();
    expect(own.record.notes?.join()).not.toMatch(/by their ids/);
    await expect(evaluate({ ...given, store, transfer: true })).rejects.toThrow(/leave out `transfer`/);
  });

  test('folds of other data need no further word', async () => {
    const run = await makeRun('otherFolds');
    const other = Object.create(foreign(), {
      clips: { value: foreign().clips.map((clip) => ({ ...clip, fold: String(numberOf(clip.id) % 3) })) },
    }) as FeatureStore;
    const results = await evaluateFolds({ ...common(run), store: other, protocol: 'knn', split: 'test' });
    expect(results.map(({ record }) => record.dataset !== null)).toEqual([true, true, true, true]);
    expect(results[3].record).toMatchObject({ numClips: 20, options: expect.not.objectContaining({ seenInTraining: expect.anything() }) });
  });

  test('trainOn: noisy validates on all clean clips, clean on 15 % of them, and the two are disjoint', async () => {
    const run = await makeRun('trainOn');
    // Training clips of the data: 00 to 07, the first four of them verified.
    const noisy18k = storeWith(({ id }) => {
      const n = numberOf(id);
      return n >= 8 ? { split: 'test', isVerified: true } : { split: 'train', isVerified: n < 4 };
    });
    await writeFile(run.split, ['id,split', ...noisy18k.clips.map((clip) => `${clip.id},${clip.split}`)].join('\n'));
    const given = { ...common(run), store: noisy18k, protocol: 'linear', split: 'test' } as const;
    const noisy = await evaluate({ ...given, trainOn: 'noisy' });
    expect([noisy.name.split('-').slice(0, 3).join('-'), noisy.numTrainClips, noisy.record.numClips]).toEqual(['linear-noisy-test', 8, 4]);
    const clean = await evaluate({ ...given, trainOn: 'clean' });
    expect([clean.record.trainOn, clean.numTrainClips]).toEqual(['clean', 6]);
    expect(noisy.record.notes?.join()).toMatch(/train 8, validation 8, test 4/);
    expect(clean.record.notes?.join()).toMatch(/train 6, validation 2, test 4/);
    await expect(evaluate({ ...given, store, run: await makeRun('noSubsets'), trainOn: 'clean' })).rejects.toThrow(/verified/);
  });
});

describe('classifier and finetune', () => {
  test("a run's own classifier: the mean of its patches' probabilities; refused without one, and where nothing is to be learnt", async () => {
    const run = await makeRun('classifier');
    const given = { ...common(run), protocol: 'classifier', split: 'validation' } as const;
    const { record, clips } = await evaluate(given);
    // The oracle: every patch alone through the model, then a plain mean.
    const indices = store.clips.flatMap(({ id }, i) => (splitOfId(id) === 'validation' ? [i] : []));
    const { startOfPatch, clipOfPatch } = await embedClips({ model, store, clips: indices });
    const sums = indices.map(() => [0, 0, 0]);
    for (let patch = 0; patch < startOfPatch.length; patch++) {
      const request = [{ clip: indices[clipOfPatch[patch]], start: startOfPatch[patch] }];
      const values = await store.readPatches(request, model.patchFrames);
      const probabilities = tf.tidy(() => model.classifyPatches?.(tf.tensor3d(values, [1, model.patchFrames, store.nMels]))) as tf.Tensor2D;
      const [high, low] = probabilities.dataSync();
      probabilities.dispose();
      sums[clipOfPatch[patch]] = [sums[clipOfPatch[patch]][0] + high, sums[clipOfPatch[patch]][1] + low, sums[clipOfPatch[patch]][2] + 1];
    }
    expect(clips.probabilities.flat()).toBeAllClose(
      sums.flatMap(([high, low, n]) => [high / n, low / n]),
      { rtol: 1e-5, atol: 1e-6 },
    );
    expect(record.protocol).toBe('classifier');
    const { classify: _, ...without } = model;
    await expect(evaluate({ ...given, model: without })).rejects.toThrow(
      /needs a run with a classifier of its own .*use `protocol` linear or knn/,
    );
    await expect(evaluate({ ...given, limit: { shots: 1 } })).rejects.toThrow(/learns nothing/);
  });

  test('finetune is given the clips, options and seed, and what it tuned is what predicts; the tuned model is let go of', async () => {
    const run = await makeRun('finetune');
    const numTensors = tf.memory().numTensors;
    let isDisposed = false;
    const tuned: Model['classify'] = (h) => tf.tidy(() => tf.tile(tf.tensor2d([[0.25, 0.75]]), [h.shape[0], 1]));
    const calls: unknown[] = [];
    const result = await evaluate({
      ...{ ...common(run), protocol: 'finetune', split: 'test', limit: { shots: 1 }, cache: createEmbeddingCache() },
      async finetune({ train, validation, numClasses, options: given, seed, store: from }) {
        calls.push([train.indices.length, validation.indices.length, numClasses, given, seed, from === store]);
        const dispose = () => {
          isDisposed = true;
        };
        const classifyPatches = (patches: tf.Tensor3D) => tf.tidy(() => tuned(model.embedPatches(patches)));
        return { model: { ...model, classify: tuned, classifyPatches, dispose }, epoch: 4, validationClipMacroAccuracy: 0.5 };
      },
    });
    expect(calls).toEqual([[2, 6, 2, options.finetune, 1, true]]);
    for (const row of result.clips.probabilities) expect(row).toBeAllClose([0.25, 0.75], { rtol: 1e-6, atol: 0 });
    expect(result.record).toMatchObject({ shots: 1, options: { epoch: 4, trainClips: 2, learningRate: 0.01 } });
    expect([isDisposed, tf.memory().numTensors]).toEqual([true, numTensors]);
    await expect(evaluate({ ...common(run), protocol: 'finetune', split: 'test' })).rejects.toThrow(/pass finetune of train/);
  });
});

test('a signal stops at once: nothing is written, the look at the test clips stays noted', async () => {
  const run = await makeRun('stopped');
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('stop'));
  const given = { ...common(run), split: 'test', onProgress, signal: controller.signal } as const;
  await expect(evaluateFolds({ ...given, store: folded(), protocol: 'linear' })).rejects.toThrow('stop');
  expect(await readdir(run.evaluations)).toEqual([]);
  expect(await readTestAccess(run)).toHaveLength(1);
});
