import type { FeatureStore } from '../data/FeatureStore.js';
import type { EmbeddingCache } from '../embed/embeddingCache.js';
import { openRunEmbeddings } from '../embed/runEmbeddings.js';
import { createModel, type Model } from '../model/loadModel.js';
import type { BaselineRecord } from '../run/evaluationRecord.js';
import { canonicalJson, sha256 } from '../util/hash.js';
import type { LabelledClips } from './evaluationClips.js';
import { argMax, classificationMetrics, topThreeOf } from './metrics.js';
import { type ProtocolInput, predictByLinearProbe, predictByNeighbours } from './protocols.js';
import { type RidgeClassifier, trainRidge } from './ridge.js';

/** What another predictor says about the clips of an evaluation, one a clip in their order. */
export interface BaselinePredictions {
  name: string;
  note?: string;
  predicted: number[];
  topThree: number[][];
  /** It classifies patches, as the evaluated encoder does: clips can be weighted by them. */
  hasPatches: boolean;
}

/** Guessing each class equally often, in expectation. */
export function chanceBaseline(classNames: readonly string[]): BaselineRecord {
  const rate = 1 / classNames.length;
  return {
    name: 'chance',
    clipMicroAccuracy: rate,
    clipMicroAccuracyInterval: null,
    clipMacroAccuracy: rate,
    clipMacroAccuracyInterval: null,
    patchWeightedAccuracy: rate,
    top3Accuracy: classNames.length > 3 ? 3 * rate : null,
    difference: null,
  };
}

/** Mean and deviation of each mel band of each clip: `[numClips, 2 nMels]`, from the sums that the store keeps. */
export async function logMelFeatures(store: Pick<FeatureStore, 'statistics' | 'nMels'>, clips: readonly number[]): Promise<Float64Array> {
  const dim = 2 * store.nMels;
  const features = new Float64Array(clips.length * dim);
  for (let i = 0; i < clips.length; i++) {
    const { mean, standardDeviation } = await store.statistics([clips[i]], { standardisation: 'perBand' });
    features.set(mean, i * dim);
    features.set(standardDeviation, i * dim + store.nMels);
  }
  return features;
}

/** Strengths of regularisation that are tried on the validation clips. */
const alphas = [1, 10, 100, 1000];

/** Log-mel statistics of whole clips with a ridge classifier, its strength chosen by validation clip macro accuracy: what needs no network. */
export async function logMelBaseline({
  store,
  train,
  validation,
  target,
  classNames,
}: {
  store: FeatureStore;
  train: LabelledClips;
  validation: LabelledClips;
  target: LabelledClips;
  classNames: readonly string[];
}): Promise<BaselinePredictions> {
  const dim = 2 * store.nMels;
  const features = await logMelFeatures(store, train.indices);
  const validationFeatures = await logMelFeatures(store, validation.indices);
  const predictAll = (ridge: RidgeClassifier, rows: Float64Array) =>
    Array.from({ length: rows.length / dim }, (_, i) => ridge.scores(rows.subarray(i * dim, (i + 1) * dim)));
  const trained = alphas.map((alpha) => {
    const ridge = trainRidge({ features, labels: train.labels, dim, numClasses: classNames.length, alpha });
    const predicted = predictAll(ridge, validationFeatures).map(argMax);
    return { ridge, alpha, accuracy: classificationMetrics({ labels: validation.labels, predicted }, classNames).clipMacroAccuracy };
  });
  const best = trained.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const scores = predictAll(best.ridge, await logMelFeatures(store, target.indices));
  return {
    name: 'log-mel statistics, ridge classifier',
    predicted: scores.map(argMax),
    topThree: scores.map(topThreeOf),
    hasPatches: false,
    note: `mean and deviation of each mel band, alpha ${best.alpha} chosen on the validation clips`,
  };
}

/** The same encoder with random weights under the same protocol; their embeddings are kept as the model's own are. */
export async function randomWeightsBaseline(
  input: Omit<ProtocolInput, 'cache'> & {
    protocol: 'knn' | 'linear';
    /** `embeddings` of the run folder. */
    embeddingsDir: string;
  },
): Promise<BaselinePredictions> {
  const { metadata } = input.model;
  const model: Model = createModel(metadata, 'random weights', { seed: input.seed });
  // What the weights and what goes into them come from.
  const identity = { seed: input.seed, encoder: metadata.encoder, standardisation: metadata.standardisation, nMels: model.frontEnd.nMels };
  const encoder = { name: 'random weights', sha256: sha256(canonicalJson(identity)) };
  let cache: EmbeddingCache | undefined;
  try {
    cache = await openRunEmbeddings({ dir: input.embeddingsDir, model, encoder, store: input.store });
    // Projections need a trained head; the baseline votes on h.
    const options = { ...input.options, compat: { ...input.options.compat, knn: false, probeTrainMode: false } };
    const predict = input.protocol === 'knn' ? predictByNeighbours : predictByLinearProbe;
    const { predicted, topThree } = await predict({ ...input, model, options, cache });
    return { name: `${model.encoder.name} with random weights`, predicted, topThree, hasPatches: true };
  } finally {
    await cache?.close();
    model.dispose();
  }
}
