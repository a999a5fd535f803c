import { knnVote } from '../knn.js';
import { limitLabels } from '../limitLabels.js';
import { argMax } from '../metrics.js';
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

/**
 * Strength of the classifier, as scikit-learn's C: 1 / (C clips) is the weight of |W|^2 / 2 beside the mean cross-entropy. Fixed for all
 * systems, sets and numbers of labels: of few labels nothing is left to choose it on.
 */
const STRENGTH = 0.1;
/** The last digits of the weights change no prediction worth the time. */
const TOLERANCE = 1e-3;
const NEIGHBOURS = 5;

/** Multinomial logistic regression on features standardised by the training clips. */
export const predictLinear: TransferPredictor = (features, folds, signal) =>
  eachFold(features, folds, ({ train, test }) => {
    signal?.throwIfAborted();
    return linear(features, folds, { clips: train, queries: test });
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
      return linear(features, folds, { clips: limitLabels(clips, { shots }, draw).indices, queries: test });
    });

async function eachFold(
  { values, dim }: ClipFeatures,
  folds: TransferFolds,
  predict: (parts: { train: number[]; test: number[] }) => Promise<number[]>,
): Promise<number[]> {
  const predicted = new Array<number>(values.length / dim);
  for (const fold of folds.folds.keys()) {
    const parts = partsOfFold(folds, fold);
    const ofTest = await predict(parts);
    parts.test.forEach((clip, i) => {
      predicted[clip] = ofTest[i];
    });
    await new Promise(setImmediate);
  }
  return predicted;
}

/** Classes of the queries by a classifier that learnt from the clips. */
async function linear(
  features: ClipFeatures,
  { labels, classNames }: TransferFolds,
  { clips, queries }: { clips: readonly number[]; queries: readonly number[] },
): Promise<number[]> {
  const numClasses = classNames.length;
  const classifier = await fitSoftmaxRegression({
    ...{ x: rowsOf(features, clips), labels: clips.map((i) => labels[i]), dim: features.dim, numClasses },
    ...{ l2: 1 / (STRENGTH * clips.length), tolerance: TOLERANCE },
  });
  const probabilities = predictProbabilities(classifier, rowsOf(features, queries));
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
