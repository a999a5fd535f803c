import * as tf from '@tensorflow/tfjs-core';
import type { PatchSet } from '../embed/embedClips.js';
import { type SoftmaxRegression, softmaxRegressionStep } from '../ops/softmaxRegressionStep.js';
import { AudiosslError } from '../util/errors.js';
import { eventLoopTurn } from '../util/eventLoopTurn.js';
import { Rng } from '../util/rng.js';
import type { LinearProbeOptions } from './evaluationOptions.js';
import { copyScaled, type FeatureScaling, noScaling } from './featureScaling.js';
import { argMax, classificationMetrics } from './metrics.js';

/** Embeddings on the backend, ready for a linear classifier: [n, dim + 1], h with a last column of ones. */
export interface ClassifierRows {
  x: tf.Tensor2D;
  /** Clip of each row, numbered 0, 1 ... */
  clipOfPatch: ArrayLike<number>;
}

/** Where the probe gets its embeddings from: a cache, or the authors' encoder in training mode. */
export interface ProbeFeatures {
  dim: number;
  /** What the rows go through before they are learnt from: those of the clips to be classified have to go through it as well. */
  scaling: FeatureScaling;
  /** Class of each training clip. */
  trainLabels: ArrayLike<number>;
  /** Class of each validation clip. */
  validationLabels: ArrayLike<number>;
  /** Draws one patch for each training clip; the function it returns gives h [count, dim], not scaled, of the clips order[first ..], to be disposed of before it is called again. */
  drawEpoch(epoch: number, order: Uint32Array): (first: number, count: number) => tf.Tensor2D | Promise<tf.Tensor2D>;
  /** Grid patches of the validation clips as they are after an epoch. They stay the provider's: it disposes of them. */
  validation(epoch: number): ClassifierRows | Promise<ClassifierRows>;
  /** Called when an epoch is the best so far. */
  onBest?(epoch: number): void;
  /** Puts back whatever had changed since the best epoch. */
  restoreBest?(): void;
  dispose(): void;
}
export interface LinearClassifier {
  /** [dim + 1, numClasses] row-major, the bias in the last row. */
  weights: Float32Array;
  dim: number;
  numClasses: number;
  /** Epoch (from 1) with the highest validation clip macro accuracy, the first of equals. */
  epoch: number;
  validationClipMacroAccuracy: number;
}

/**
 * Trains a linear softmax classifier on frozen embeddings: SGD with momentum, coupled weight decay on weights and bias,
 * PyTorch's default initialisation, the epoch chosen by validation clip macro accuracy. Draws and order are named by `seed`.
 * The bias is a last row of the weights against a column of ones. Gives the event loop its turns between steps; stops when `signal` is aborted.
 */
export async function trainLinearProbe({
  features,
  numClasses,
  options,
  seed,
  onProgress,
  signal,
}: {
  features: ProbeFeatures;
  numClasses: number;
  options: LinearProbeOptions;
  seed: number;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<LinearClassifier> {
  const { dim, trainLabels, validationLabels } = features;
  const numClips = trainLabels.length;
  if (numClips === 0 || validationLabels.length === 0) {
    throw new AudiosslError(
      `trainLinearProbe: needs labelled clips to train and to choose the epoch, got ${numClips} training and ${validationLabels.length} validation clips`,
    );
  }
  const state = initialState(dim, numClasses, seed);
  const { mean, inverseDeviation } = features.scaling;
  const scaling = { mean: tf.tensor1d(mean), inverseDeviation: tf.tensor1d(inverseDeviation) };
  const names = Array.from({ length: numClasses }, (_, i) => String(i));
  const giveTurn = eventLoopTurn();
  let best: LinearClassifier | undefined;
  try {
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      await trainEpoch({ state, scaling, features, options, seed, epoch, signal, giveTurn });
      const classifier = { weights: Float32Array.from(await state.weights.data<'float32'>()), dim, numClasses };
      const { predicted } = await classifyClips(classifier, await features.validation(epoch), validationLabels.length);
      const { clipMacroAccuracy } = classificationMetrics({ labels: validationLabels, predicted }, names);
      if (best === undefined || clipMacroAccuracy > best.validationClipMacroAccuracy) {
        best = { ...classifier, epoch, validationClipMacroAccuracy: clipMacroAccuracy };
        features.onBest?.(epoch);
      }
      onProgress?.(epoch, options.epochs);
    }
  } finally {
    state.weights.dispose();
    state.velocity.dispose();
    tf.dispose([scaling.mean, scaling.inverseDeviation]);
  }
  return best as LinearClassifier;
}

/** The classifier of embeddings that are not scaled: ((h - mean) x inverseDeviation) W + b = h W' + b', in double precision. */
export function unscaled(
  { weights, dim, numClasses }: Pick<LinearClassifier, 'weights' | 'dim' | 'numClasses'>,
  { mean, inverseDeviation }: FeatureScaling,
): { weights: Float32Array; dim: number } {
  const out = Float64Array.from(weights);
  for (let i = 0; i < dim; i++) {
    for (let c = 0; c < numClasses; c++) {
      out[i * numClasses + c] *= inverseDeviation[i];
      out[dim * numClasses + c] -= mean[i] * out[i * numClasses + c];
    }
  }
  return { weights: Float32Array.from(out), dim };
}

/** One pass over the training clips; changes `state` in place. */
async function trainEpoch({
  state,
  scaling,
  features,
  options,
  seed,
  epoch,
  signal,
  giveTurn,
}: {
  state: SoftmaxRegression;
  scaling: { mean: tf.Tensor1D; inverseDeviation: tf.Tensor1D };
  features: ProbeFeatures;
  options: LinearProbeOptions;
  seed: number;
  epoch: number;
  signal?: AbortSignal;
  giveTurn: () => Promise<void>;
}): Promise<void> {
  const { trainLabels } = features;
  const numClips = trainLabels.length;
  const { batchSize, momentum, weightDecay } = options;
  const order = new Rng({ seed, epoch, purpose: 'probeOrder' }).permutation(numClips);
  const learningRate = options.learningRate * options.factor ** options.milestones.filter((milestone) => epoch > milestone).length;
  const draw = features.drawEpoch(epoch, order);
  const labelsInOrder = Int32Array.from(order, (clip) => trainLabels[clip]);
  for (let first = 0; first < numClips; first += batchSize) {
    signal?.throwIfAborted();
    const count = Math.min(batchSize, numClips - first);
    const h = await draw(first, count);
    const labels = tf.tensor1d(labelsInOrder.subarray(first, first + count), 'int32');
    softmaxRegressionStep(state, { h, labels, ...scaling }, { learningRate, momentum, weightDecay });
    tf.dispose([h, labels]);
    await giveTurn();
  }
  signal?.throwIfAborted();
}

/** PyTorch's nn.Linear: weights and bias uniform in +- 1 / sqrt(dim). */
function initialState(dim: number, numClasses: number, seed: number): SoftmaxRegression {
  const rng = new Rng({ seed, purpose: 'probeWeights' });
  const bound = 1 / Math.sqrt(dim);
  const values = Float32Array.from({ length: (dim + 1) * numClasses }, () => rng.uniform(-bound, bound));
  const variable = (initial: Float32Array) => tf.tidy(() => tf.variable(tf.tensor2d(initial, [dim + 1, numClasses])));
  return { weights: variable(values), velocity: variable(new Float32Array(values.length)) };
}

/** Rows for `classifyClips`: [n, dim] values, scaled -> [n, dim + 1] on the backend. The caller disposes of `x`. */
export function classifierRows({ h, dim, clipOfPatch }: PatchSet, scaling: FeatureScaling = noScaling(dim)): ClassifierRows {
  const count = clipOfPatch.length;
  const rows = new Float32Array(count * (dim + 1)).fill(1);
  copyScaled({ h, dim, from: 0, count, scaling, out: rows, to: 0 });
  return { x: tf.tensor2d(rows, [count, dim + 1]), clipOfPatch };
}

export interface ClipProbabilities {
  predicted: number[];
  /** [numClips][numClasses]: mean over the clip's grid patches of the softmax. */
  probabilities: number[][];
}

/** Class of each clip: mean softmax over its grid patches, then the largest, ties to the lowest index. */
export async function classifyClips(
  { weights, dim, numClasses }: Pick<LinearClassifier, 'weights' | 'dim' | 'numClasses'>,
  { x, clipOfPatch }: ClassifierRows,
  numClips: number,
): Promise<ClipProbabilities> {
  const softmax = tf.tidy(() => tf.softmax(tf.matMul(x, tf.tensor2d(weights, [dim + 1, numClasses]))));
  const values = await softmax.data<'float32'>();
  softmax.dispose();
  const sums = new Float64Array(numClips * numClasses);
  const counts = new Uint32Array(numClips);
  for (let row = 0; row < clipOfPatch.length; row++) {
    const clip = clipOfPatch[row];
    counts[clip]++;
    for (let label = 0; label < numClasses; label++) sums[clip * numClasses + label] += values[row * numClasses + label];
  }
  const probabilities = Array.from(counts, (n, clip) =>
    Array.from(sums.subarray(clip * numClasses, (clip + 1) * numClasses), (sum) => sum / n),
  );
  return { predicted: probabilities.map(argMax), probabilities };
}
