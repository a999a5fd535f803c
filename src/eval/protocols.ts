import type { FeatureStore } from '../data/FeatureStore.js';
import type { PatchEmbeddings } from '../embed/embedClips.js';
import { createEmbeddingCache, type EmbeddingCache } from '../embed/embeddingCache.js';
import { embedSet } from '../embed/embedSet.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { startClock } from '../util/startClock.js';
import { boundNeighbours } from './boundNeighbours.js';
import { cachedFeatures } from './cachedFeatures.js';
import type { LabelledClips } from './evaluationClips.js';
import type { EvaluationOptions } from './evaluationOptions.js';
import type { Finetune } from './finetune.js';
import { knnVote, leaveOneClipOutKnn } from './knn.js';
import { classifierRows, classifyClips, trainLinearProbe, unscaled } from './linearProbe.js';
import { topThreeOf } from './metrics.js';
import { trainModeFeatures } from './trainModeFeatures.js';

export interface ProtocolInput {
  model: Model;
  store: FeatureStore;
  /** The clips whose classes are predicted. */
  target: LabelledClips & { split: 'train' | 'validation' | 'test' };
  train: LabelledClips;
  /** Needed by the linear probe and by fine-tuning, which choose their epoch on it. */
  validation?: LabelledClips;
  numClasses: number;
  options: EvaluationOptions;
  seed: number;
  cache?: EmbeddingCache;
  /** Needed by fine-tuning: `finetune` of train/. */
  finetune?: Finetune;
  /** `stage` is a few words: "embedding test clips". */
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Predictions for `target`, one a clip in its order. */
export interface ProtocolResult {
  predicted: number[];
  probabilities: number[][];
  topThree: number[][];
  /** Embeddings of the target's patches; projections under `compat.knn`. */
  patches: PatchEmbeddings;
  /** Numbers that came out on the way: size of the bank, epoch chosen. */
  details: Record<string, number>;
  /** Durations of the parts. */
  seconds: Record<string, number>;
  notes: string[];
  /** Of the linear probe on a frozen encoder: its weights for h as it is, [dim + 1, numClasses], the bias in the last row. */
  probe?: { weights: Float32Array; dim: number };
}

/** Predicts by nearest neighbours: the bank is the training clips, or with `compat.knn` the target itself without the own clip. */
export async function predictByNeighbours(input: ProtocolInput): Promise<ProtocolResult> {
  const { model, target, train, numClasses, options, onProgress, signal } = input;
  const clock = startClock();
  if (options.compat.knn) {
    const { projectPatches } = model;
    if (!projectPatches)
      throw new UsageError('evaluate: compat.knn votes on projections, the checkpoint has no projection head; turn it off');
    const projecting = { ...model, embedPatches: projectPatches };
    const patches = await embed({ ...input, model: projecting, cache: undefined }, target, target.split);
    const embedSeconds = clock();
    const labels = Array.from(patches.clipOfPatch, (clip) => target.labels[clip]);
    const vote = await leaveOneClipOutKnn({ patches, labels, numClasses, neighbours: options.neighbours, vote: 'majority', signal });
    const details = { bankPatches: patches.numPatches, neighbours: vote.numNeighbours };
    const notes = ["compat.knn: projections z, the bank is the evaluated split itself, as in the authors' code"];
    return { ...vote, patches, details, seconds: { embed: embedSeconds, predict: clock() }, notes };
  }
  const bank = await embed(input, train, 'train');
  const patches = await embed(input, target, target.split);
  const embedSeconds = clock();
  const bankLabels = Array.from(bank.clipOfPatch, (clip) => train.labels[clip]);
  const { majorityVote } = options.compat;
  const wanted = options.neighbours;
  const { neighbours, note } = majorityVote
    ? { neighbours: wanted, note: undefined }
    : boundNeighbours({ wanted, labels: bankLabels, clipOfPatch: bank.clipOfPatch });
  const vote = await knnVote({
    bank,
    bankLabels,
    queries: patches,
    numClasses,
    neighbours,
    vote: majorityVote ? 'majority' : 'similarity',
    onProgress: (done, total) => onProgress?.('asking neighbours', done, total),
    signal,
  });
  const details = { bankPatches: bank.numPatches, bankClips: train.indices.length, neighbours: vote.numNeighbours };
  const notes = majorityVote ? ['compat.majorityVote: each neighbour counts 1, each patch has one vote'] : note === undefined ? [] : [note];
  return { ...vote, patches, details, seconds: { embed: embedSeconds, predict: clock() }, notes };
}

/** Predicts by a linear classifier on frozen embeddings. */
export async function predictByLinearProbe(input: ProtocolInput): Promise<ProtocolResult> {
  const { model, store, target, train, validation, numClasses, options, seed, onProgress, signal } = input;
  if (!validation) throw new AudiosslError('evaluate: the linear probe needs validation clips to choose its epoch');
  const clock = startClock();
  const isDrifting = options.compat.probeTrainMode;
  // A drifting encoder embeds the same clips differently later on; a frozen one needs to see each set once.
  const embedding = { ...input, cache: isDrifting ? undefined : (input.cache ?? createEmbeddingCache()) };
  const features = isDrifting
    ? await trainModeFeatures({ model, store, train, validation, batchSize: options.batchSize, seed, signal })
    : cachedFeatures({
        train: await embed(embedding, train, 'train'),
        trainLabels: train.labels,
        validation: await embed(embedding, validation, 'validation'),
        validationLabels: validation.labels,
        standardise: options.linear.standardise,
        seed,
      });
  try {
    if (!isDrifting) await embed(embedding, target, target.split);
    const embedSeconds = clock();
    const onEpoch = (done: number, total: number) => onProgress?.('training the linear probe', done, total);
    const probe = await trainLinearProbe({ features, numClasses, options: options.linear, seed, onProgress: onEpoch, signal });
    const trainSeconds = clock();
    features.restoreBest?.();
    const patches = await embed(embedding, target, target.split);
    const rows = classifierRows(patches, features.scaling);
    const { predicted, probabilities } = await classifyClips(probe, rows, target.indices.length);
    rows.x.dispose();
    const notes = isDrifting
      ? ["compat.probeTrainMode: the encoder's batch-norm statistics drifted during the probe, as in the authors' code"]
      : [];
    if (target.split === 'validation') notes.push('the epoch of the probe was chosen on these same clips');
    return {
      predicted,
      probabilities,
      topThree: probabilities.map(topThreeOf),
      patches,
      details: { epoch: probe.epoch, validationClipMacroAccuracy: probe.validationClipMacroAccuracy, trainClips: train.indices.length },
      seconds: { embed: embedSeconds, train: trainSeconds, predict: clock() },
      notes,
      ...(!isDrifting && { probe: unscaled(probe, features.scaling) }),
    };
  } finally {
    features.dispose();
  }
}

function embed(
  { model, store, options: { batchSize }, cache, onProgress, signal }: ProtocolInput,
  { indices: clips }: LabelledClips,
  name: string,
): Promise<PatchEmbeddings> {
  return embedSet({ model, store, clips, name, batchSize, cache, onProgress, signal });
}
