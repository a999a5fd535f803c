import * as tf from '@tensorflow/tfjs-core';
import type { FeatureStore } from '../data/FeatureStore.js';
import { sampleStart } from '../data/samplers.js';
import { embedClips, standardisePatches } from '../embed/embedClips.js';
import type { Model } from '../model/loadModel.js';
import { standardise } from '../model/standardise.js';
import { Rng } from '../util/rng.js';
import type { LabelledClips } from './evaluationClips.js';
import { noScaling } from './featureScaling.js';
import { type ClassifierRows, classifierRows, type ProbeFeatures } from './linearProbe.js';

/**
 * `compat.probeTrainMode`: as in the authors' code the frozen encoder runs in training mode, so batch norm uses each batch's statistics and
 * the running ones drift over the probe's epochs; nothing can be cached. Validation embeds with the statistics of the moment.
 * The running statistics of the best epoch come back with `restoreBest`; `dispose` puts the model back as it was.
 */
export async function trainModeFeatures({
  model,
  store,
  train,
  validation,
  batchSize,
  seed,
  signal,
}: {
  model: Model;
  store: FeatureStore;
  train: LabelledClips;
  validation: LabelledClips;
  batchSize: number;
  seed: number;
  signal?: AbortSignal;
}): Promise<ProbeFeatures> {
  const { encoder, parameters, patchFrames, metadata } = model;
  const running = [...parameters.values()].filter((variable) => !variable.trainable);
  const copyRunning = () => running.map((variable) => tf.tidy(() => tf.mul(variable, 1)));
  const assign = (values: tf.Tensor[]) => {
    for (let i = 0; i < running.length; i++) running[i].assign(values[i]);
  };
  const original = copyRunning();
  let best: tf.Tensor[] = [];
  let rows: ClassifierRows | undefined;
  return {
    dim: encoder.embeddingSize,
    scaling: noScaling(encoder.embeddingSize),
    trainLabels: train.labels,
    validationLabels: validation.labels,
    drawEpoch(epoch, order) {
      const rng = new Rng({ seed, epoch, purpose: 'probePatch' });
      const starts = train.indices.map((clip) => sampleStart(rng, store.clips[clip].numFrames, patchFrames));
      return async (first, count) => {
        const requests = Array.from(order.subarray(first, first + count), (i) => ({ clip: train.indices[i], start: starts[i] }));
        const values = await store.readPatches(requests, patchFrames);
        if (model.isPerClip) standardisePatches(values, requests, await store.clipLevels());
        signal?.throwIfAborted();
        return tf.tidy(() => {
          const patches = tf.tensor3d(values, [count, patchFrames, store.nMels]);
          return encoder.forward(parameters, standardise(patches, metadata.standardisation), { isTraining: true });
        });
      };
    },
    async validation() {
      rows?.x.dispose();
      rows = classifierRows(await embedClips({ model, store, clips: validation.indices, batchSize, signal }));
      return rows;
    },
    onBest() {
      tf.dispose(best);
      best = copyRunning();
    },
    restoreBest: () => assign(best),
    dispose() {
      assign(original);
      tf.dispose([...original, ...best]);
      rows?.x.dispose();
    },
  };
}
