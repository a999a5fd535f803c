import * as tf from '@tensorflow/tfjs-core';
import type { PatchEmbeddings } from '../embed/embedClips.js';
import { embedSet } from '../embed/embedSet.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { startClock } from '../util/startClock.js';
import { argMax, topThreeOf } from './metrics.js';
import type { ProtocolInput, ProtocolResult } from './protocols.js';

/** Predicts by the classifier that a supervised run was trained with: mean of the probabilities over a clip's grid patches. */
export async function predictByClassifier(input: ProtocolInput): Promise<ProtocolResult> {
  const { model, store, target, options, cache, onProgress, signal } = input;
  const { classify } = model;
  if (classify === undefined) {
    throw new UsageError(
      'evaluate: the protocol classifier needs a run with a classifier of its own (audiossl train), this checkpoint has none; use --protocol linear or knn',
    );
  }
  const clock = startClock();
  const { batchSize } = options;
  const patches = await embedSet({ model, store, clips: target.indices, name: target.split, batchSize, cache, onProgress, signal });
  const seconds = { embed: clock() };
  const probabilities = await meanProbabilities(classify, patches, target.indices.length, batchSize);
  return {
    predicted: probabilities.map(argMax),
    probabilities,
    topThree: probabilities.map(topThreeOf),
    patches,
    details: {},
    seconds: { ...seconds, predict: clock() },
    notes: target.split === 'validation' ? ["the run's checkpoint was chosen on these same clips"] : [],
  };
}

/**
 * Predicts by encoder and classifier trained together on the labelled clips, from the run's weights; the run's own standardisation stays,
 * whatever clips are learnt from. The run's model is as it was afterwards.
 */
export async function predictByFinetuning(input: ProtocolInput): Promise<ProtocolResult> {
  const { model, store, target, train, validation, numClasses, options, seed, finetune, onProgress, signal } = input;
  if (finetune === undefined) {
    throw new AudiosslError('evaluate: the protocol finetune needs the function that fine-tunes; pass finetune of train/finetune.js');
  }
  if (validation === undefined) throw new AudiosslError('evaluate: fine-tuning needs validation clips to choose its epoch');
  const clock = startClock();
  const tuned = await finetune({
    model,
    store,
    train,
    validation,
    numClasses,
    options: options.finetune,
    seed,
    onProgress: (done, total) => onProgress?.('fine-tuning', done, total),
    signal,
  });
  try {
    const trainSeconds = clock();
    const { seconds, ...result } = await predictByClassifier({ ...input, model: tuned.model, cache: undefined });
    return {
      ...result,
      details: { epoch: tuned.epoch, validationClipMacroAccuracy: tuned.validationClipMacroAccuracy, trainClips: train.indices.length },
      seconds: { train: trainSeconds, ...seconds },
      notes: target.split === 'validation' ? ['the epoch of the fine-tuning was chosen on these same clips'] : [],
    };
  } finally {
    tuned.model.dispose();
  }
}

/** [numClips][numClasses]: mean of the patches' probabilities. */
export async function meanProbabilities(
  classify: NonNullable<Model['classify']>,
  { h, dim, clipOfPatch, numPatches }: PatchEmbeddings,
  numClips: number,
  batchSize: number,
): Promise<number[][]> {
  const counts = new Uint32Array(numClips);
  let sums: Float64Array[] = [];
  for (let first = 0; first < numPatches; first += batchSize) {
    const count = Math.min(batchSize, numPatches - first);
    const rows = tf.tidy(() => classify(tf.tensor2d(h.slice(first * dim, (first + count) * dim), [count, dim])));
    const [, numClasses] = rows.shape;
    const values = await rows.data<'float32'>().finally(() => rows.dispose());
    if (first === 0) sums = Array.from({ length: numClips }, () => new Float64Array(numClasses));
    for (let row = 0; row < count; row++) {
      const clip = clipOfPatch[first + row];
      counts[clip]++;
      for (let label = 0; label < numClasses; label++) sums[clip][label] += values[row * numClasses + label];
    }
  }
  return sums.map((sum, clip) => Array.from(sum, (value) => value / counts[clip]));
}
