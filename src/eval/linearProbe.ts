import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';
import type { LinearProbeOptions } from './evaluationOptions.js';
import { copyScaled, type FeatureScaling, noScaling } from './featureScaling.js';
import type { PatchSet } from './knn.js';
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
  /** What the rows went through: those of the clips to be classified have to go through it as well. */
  scaling: FeatureScaling;
  /** Class of each training clip. */
  trainLabels: ArrayLike<number>;
  /** Class of each validation clip. */
  validationLabels: ArrayLike<number>;
  /** Draws one patch for each training clip; the function it returns gives [count, dim + 1] of the clips order[first ..]. */
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
 * The bias is a last row of the weights against a column of ones, so a step is two matrix products and a handful of small kernels.
 * Transposing before the product, not in it, because the wasm backend's transposed product is fifty times slower.
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
  const state: SgdState = { weights: initialWeights(dim, numClasses, seed), velocity: tf.zeros([dim + 1, numClasses]) };
  const names = Array.from({ length: numClasses }, (_, i) => String(i));
  let best: LinearClassifier | undefined;
  try {
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      signal?.throwIfAborted();
      await trainEpoch({ state, features, numClasses, options, seed, epoch });
      const classifier = { weights: Float32Array.from(await state.weights.data<'float32'>()), dim, numClasses };
      const { predicted } = await classifyClips(classifier, await features.validation(epoch), validationLabels.length);
      const { clipMacroAccuracy } = classificationMetrics({ labels: validationLabels, predicted }, names);
      if (best === undefined || clipMacroAccuracy > best.validationClipMacroAccuracy) {
        best = { ...classifier, epoch, validationClipMacroAccuracy: clipMacroAccuracy };
        features.onBest?.(epoch);
      }
      onProgress?.(epoch, options.epochs);
      await new Promise(setImmediate);
    }
  } finally {
    tf.dispose([state.weights, state.velocity]);
  }
  return best as LinearClassifier;
}

interface SgdState {
  weights: tf.Tensor2D;
  velocity: tf.Tensor2D;
}

/** One pass over the training clips; replaces the tensors of `state`. */
async function trainEpoch({
  state,
  features,
  numClasses,
  options,
  seed,
  epoch,
}: {
  state: SgdState;
  features: ProbeFeatures;
  numClasses: number;
  options: LinearProbeOptions;
  seed: number;
  epoch: number;
}): Promise<void> {
  const { trainLabels } = features;
  const numClips = trainLabels.length;
  const order = new Rng({ seed, epoch, purpose: 'probeOrder' }).permutation(numClips);
  const rate = options.learningRate * options.factor ** options.milestones.filter((milestone) => epoch > milestone).length;
  const draw = features.drawEpoch(epoch, order);
  for (let first = 0; first < numClips; first += options.batchSize) {
    const count = Math.min(options.batchSize, numClips - first);
    const targets = new Float32Array(count * numClasses);
    for (let i = 0; i < count; i++) targets[i * numClasses + trainLabels[order[first + i]]] = 1;
    const x = await draw(first, count);
    const before = [state.weights, state.velocity];
    [state.weights, state.velocity] = tf.tidy(() => {
      const y = tf.tensor2d(targets, [count, numClasses]);
      return sgdStep({ ...state, x, targets: y, rate, options });
    });
    tf.dispose([x, ...before]);
  }
}

/** PyTorch's nn.Linear: weights and bias uniform in +- 1 / sqrt(dim). */
function initialWeights(dim: number, numClasses: number, seed: number): tf.Tensor2D {
  const rng = new Rng({ seed, purpose: 'probeWeights' });
  const bound = 1 / Math.sqrt(dim);
  return tf.tensor2d(
    Float32Array.from({ length: (dim + 1) * numClasses }, () => rng.uniform(-bound, bound)),
    [dim + 1, numClasses],
  );
}

/** One update: g = x^T (softmax(x w) - y) / n + weightDecay w; v = momentum v + g; w = w - rate v. */
function sgdStep({
  weights,
  velocity,
  x,
  targets,
  rate,
  options,
}: {
  weights: tf.Tensor2D;
  velocity: tf.Tensor2D;
  x: tf.Tensor2D;
  targets: tf.Tensor2D;
  rate: number;
  options: LinearProbeOptions;
}): [tf.Tensor2D, tf.Tensor2D] {
  const error = tf.div<tf.Tensor2D>(tf.sub(tf.softmax(tf.matMul(x, weights)), targets), x.shape[0]);
  const gradient = tf.add(tf.matMul(tf.transpose(x), error), tf.mul(weights, options.weightDecay));
  const nextVelocity = tf.add<tf.Tensor2D>(tf.mul(velocity, options.momentum), gradient);
  return [tf.sub(weights, tf.mul(nextVelocity, rate)), nextVelocity];
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
