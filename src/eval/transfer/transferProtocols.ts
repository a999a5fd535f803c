import { knnVote } from '../knn.js';
import { limitLabels } from '../limitLabels.js';
import { argMax } from '../metrics.js';
import { outOfFoldProbabilities } from '../outOfFold.js';
import { fitSoftmaxRegression, predictProbabilities } from '../softmaxRegression.js';
import { partsOfFold, type TransferFolds } from './transferFolds.js';

/** One row a clip, in the order of the folds' clips. */
export interface ClipFeatures {
  /** `[clips, dim]` row-major. */
  values: Float32Array;
  dim: number;
  /** Columns in different units (statistics of bands): neighbours compare them scaled by the training clips' mean and deviation. */
  areMixed?: boolean;
}

/** Predicted class of each clip, each by a classifier that saw neither its fold nor its recording. */
export type TransferPredictor = (features: ClipFeatures, folds: TransferFolds, signal?: AbortSignal) => Promise<number[]>;

/** Strengths of the penalty that are tried, as scikit-learn's C: 1 / (C clips) is the weight of |W|^2 / 2 beside the mean cross-entropy. */
const strengths = [0.01, 0.1, 1];
/** Of few labels: nothing is left to choose it on. */
const strengthOfFewLabels = 1;
const NEIGHBOURS = 5;

/**
 * Multinomial logistic regression on standardised features. Its strength is chosen, for each fold anew, by the cross-entropy of the
 * training clips under classifiers of the other training folds: the fold that is predicted takes no part.
 */
export const predictLinear: TransferPredictor = (features, folds, signal) =>
  eachFold(features, folds, async ({ train, test, fold }) => {
    signal?.throwIfAborted();
    const inner = innerFolds(folds, train, fold);
    const labels = train.map((i) => folds.labels[i]);
    const x = rowsOf(features, train);
    const numClasses = folds.classNames.length;
    const candidates = strengths.map((strength) => 1 / (strength * train.length));
    const { l2 } = await outOfFoldProbabilities({ x, dim: features.dim, labels, numClasses, ...inner, candidates, signal });
    return linear({ x, labels, dim: features.dim, numClasses, l2, queries: rowsOf(features, test) });
  });

/** The five nearest training clips by cosine, weighted by similarity as in `knnVote`. */
export const predictNeighbours: TransferPredictor = (features, folds, signal) =>
  eachFold(features, folds, async ({ train, test }) => {
    const [bank, queries] = features.areMixed ? scaledBy(features, train, test) : [rowsOf(features, train), rowsOf(features, test)];
    const { dim } = features;
    const clipOf = (clips: readonly number[]) => Uint32Array.from(clips.keys());
    const { clips, predicted } = await knnVote({
      bank: { h: bank, dim, clipOfPatch: clipOf(train) },
      bankLabels: train.map((i) => folds.labels[i]),
      queries: { h: queries, dim, clipOfPatch: clipOf(test) },
      numClasses: folds.classNames.length,
      neighbours: NEIGHBOURS,
      signal,
    });
    const ofClip = new Array<number>(test.length);
    clips.forEach((clip, i) => {
      ofClip[clip] = predicted[i];
    });
    return ofClip;
  });

/** The same classifier from `shots` clips of each class, which `draw` chooses: the same ones for every system. */
export const predictFromFew =
  ({ shots, draw }: { shots: number; draw: number }): TransferPredictor =>
  (features, folds, signal) =>
    eachFold(features, folds, async ({ train, test }) => {
      signal?.throwIfAborted();
      const pick = <T>(values: readonly T[]) => train.map((i) => values[i]);
      const clips = { indices: train, labels: pick(folds.labels), ids: pick(folds.ids), groups: pick(folds.groups), numUnlabelled: 0 };
      const { indices, labels } = limitLabels(clips, { shots }, draw);
      const l2 = 1 / (strengthOfFewLabels * indices.length);
      const numClasses = folds.classNames.length;
      return linear({ x: rowsOf(features, indices), labels, dim: features.dim, numClasses, l2, queries: rowsOf(features, test) });
    });

async function eachFold(
  { values, dim }: ClipFeatures,
  folds: TransferFolds,
  predict: (parts: { train: number[]; test: number[]; fold: number }) => Promise<number[]>,
): Promise<number[]> {
  const predicted = new Array<number>(values.length / dim);
  for (const fold of folds.folds.keys()) {
    const parts = partsOfFold(folds, fold);
    const ofTest = await predict({ ...parts, fold });
    parts.test.forEach((clip, i) => {
      predicted[clip] = ofTest[i];
    });
    await new Promise(setImmediate);
  }
  return predicted;
}

/** The remaining folds, counted from 0; where one is left, its recordings are taken in turn, one to each half. */
function innerFolds(
  { foldOf, folds, groups }: TransferFolds,
  train: readonly number[],
  fold: number,
): { foldOf: Uint32Array; numFolds: number } {
  if (folds.length > 2) return { foldOf: Uint32Array.from(train, (i) => foldOf[i] - Number(foldOf[i] > fold)), numFolds: folds.length - 1 };
  const recordings = [...new Set(train.map((i) => groups[i]))];
  const half = new Map(recordings.map((group, i) => [group, i % 2]));
  return { foldOf: Uint32Array.from(train, (i) => half.get(groups[i]) as number), numFolds: 2 };
}

async function linear({ queries, ...training }: Parameters<typeof fitSoftmaxRegression>[0] & { queries: Float32Array }): Promise<number[]> {
  const probabilities = predictProbabilities(await fitSoftmaxRegression(training), queries);
  const { numClasses } = training;
  return Array.from({ length: probabilities.length / numClasses }, (_, i) =>
    argMax(probabilities.subarray(i * numClasses, (i + 1) * numClasses)),
  );
}

function rowsOf({ values, dim }: ClipFeatures, clips: readonly number[]): Float32Array {
  const rows = new Float32Array(clips.length * dim);
  clips.forEach((clip, i) => {
    rows.set(values.subarray(clip * dim, (clip + 1) * dim), i * dim);
  });
  return rows;
}

/** Rows of both with the mean and deviation of the training clips taken out. */
function scaledBy(features: ClipFeatures, train: readonly number[], test: readonly number[]): [Float32Array, Float32Array] {
  const { dim } = features;
  const bank = rowsOf(features, train);
  const mean = new Float64Array(dim);
  const squares = new Float64Array(dim);
  bank.forEach((value, i) => {
    mean[i % dim] += value / train.length;
  });
  bank.forEach((value, i) => {
    squares[i % dim] += (value - mean[i % dim]) ** 2 / train.length;
  });
  const scaled = (rows: Float32Array) =>
    rows.map((value, i) => (squares[i % dim] > 1e-24 ? (value - mean[i % dim]) / Math.sqrt(squares[i % dim]) : 0));
  return [scaled(bank), scaled(rowsOf(features, test))];
}
