import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { gridStarts } from '../../src/data/samplers.js';
import type { LabelledClips } from '../../src/eval/evaluationClips.js';
import { finetuneOptions } from '../../src/eval/evaluationOptions.js';
import type { FinetuneResult } from '../../src/eval/finetune.js';
import { argMax, classificationMetrics } from '../../src/eval/metrics.js';
import { createModel } from '../../src/model/loadModel.js';
import { finetune } from '../../src/train/finetune.js';
import { metadataOf } from '../model/smallModel.js';
import { availableBackends } from '../support/backends.js';
import { toneFrontEnd, toneStore } from './toneStore.js';

const backend = availableBackends.includes('libtorch') ? 'libtorch' : 'wasm';
const patchFrames = 24;

describe('finetune', () => {
  let store: FeatureStore;
  beforeAll(async () => {
    await setBackend({ backend, threads: 1 });
    store = await toneStore(8);
  });
  afterAll(() => store.close());

  const clipsOf = (isWanted: (i: number) => boolean): LabelledClips => {
    const indices = store.clips.map((_, i) => i).filter(isWanted);
    const of = <T>(pick: (i: number) => T) => indices.map(pick);
    return {
      indices,
      labels: of((i) => store.clips[i].labelIndex as number),
      ids: of((i) => store.clips[i].id),
      groups: of((i) => store.clips[i].id),
      numUnlabelled: 0,
    };
  };
  const makeModel = () =>
    createModel(
      metadataOf({
        encoder: { name: 'vgg' },
        frontEnd: { ...toneFrontEnd },
        patchFrames,
        patchHop: 10,
        standardisation: { mean: [-3], standardDeviation: [2] },
        classNames: [...store.classNames],
      }),
      'test',
      { seed: 3 },
    );
  const run = (
    model: ReturnType<typeof makeModel>,
    more: { epochs?: number; signal?: AbortSignal; seed?: number; learningRate?: number; isTurned?: boolean } = {},
  ) => {
    const { epochs = 4, signal, seed = 1, learningRate = 0.05, isTurned = false } = more;
    const [train, validation] = [
      clipsOf((i) => i % 4 !== 0),
      clipsOf((i) => i % 4 === 0 && !(isTurned && store.clips[i].labelIndex === 1)),
    ];
    if (isTurned) validation.labels = validation.labels.map(() => 1);
    const options = finetuneOptions.parse({ epochs, batchSize: 6, learningRate });
    const progress: number[][] = [];
    const onProgress = (...given: [number, number]) => progress.push(given);
    return {
      result: finetune({ model, store, train, validation, numClasses: 2, options, seed, onProgress, signal }),
      validation,
      progress,
    };
  };

  /** Macro accuracy of the mean probabilities over the grid, clip by clip. */
  const accuracyOf = async (tuned: FinetuneResult['model'], clips: LabelledClips): Promise<number> => {
    const predicted: number[] = [];
    for (const clip of clips.indices) {
      const starts = gridStarts(store.clips[clip].numFrames, patchFrames, 10);
      const values = await store.readPatches(
        starts.map((start) => ({ clip, start })),
        patchFrames,
      );
      const mean = tf.tidy(() => tf.mean(tuned.classifyPatches(tf.tensor3d(values, [starts.length, patchFrames, 24])), 0).dataSync());
      expect([mean[0] + mean[1]]).toBeAllClose([1], { rtol: 1e-5 });
      predicted.push(argMax(mean));
    }
    return classificationMetrics({ labels: clips.labels, predicted }, store.classNames).clipMacroAccuracy;
  };

  it('gives the network of the best epoch, whose accuracy is what it says; the model given stays as it is', async () => {
    const model = makeModel();
    const before = [...model.parameters.values()].map((variable) => Array.from(variable.dataSync()));
    const { numTensors } = tf.memory();
    const { result, validation, progress } = run(model);
    const { model: tuned, epoch, validationClipMacroAccuracy } = await result;
    expect([...model.parameters.values()].map((variable) => Array.from(variable.dataSync()))).toEqual(before);
    expect(progress.at(-1)).toEqual([8, 8]);

    expect(await accuracyOf(tuned, validation)).toBe(validationClipMacroAccuracy);

    // The epoch kept is the best, not the last: a run of so many epochs ends with the same weights.
    const shorter = await run(model, { epochs: epoch }).result;
    expect(shorter.epoch).toBe(epoch);
    const weights = (of: typeof tuned) => [...of.parameters.values()].map((variable) => Array.from(variable.dataSync()));
    expect(weights(shorter.model)).toEqual(weights(tuned));
    expect(weights(tuned)).not.toEqual(before);
    tuned.dispose();
    shorter.model.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
    model.dispose();
  });

  it('chooses its epoch on the validation clips alone: clips of one class that are said to be of the other', async () => {
    const model = makeModel();
    const { result, validation } = run(model, { isTurned: true });
    const { model: tuned, validationClipMacroAccuracy } = await result;
    expect(await accuracyOf(tuned, validation)).toBe(validationClipMacroAccuracy);
    tuned.dispose();
    model.dispose();
  });

  it('stops where it is told to, and says so when it diverges, with nothing left on the backend', async () => {
    const model = makeModel();
    const { numTensors } = tf.memory();
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(run(model, { signal: controller.signal }).result).rejects.toThrow('enough');
    await expect(run(model, { learningRate: 1e30 }).result).rejects.toThrow(/must be finite|no epoch has/);
    expect(tf.memory().numTensors).toBe(numTensors);
    model.dispose();
  });
});
