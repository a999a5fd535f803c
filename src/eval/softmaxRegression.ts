import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { minimise } from './minimise.js';

/** A softmax classifier of raw rows: `weights` `[dim + 1, numClasses]` row-major, the bias in the last row. */
export interface SoftmaxRegression {
  weights: Float64Array;
  dim: number;
  numClasses: number;
}

/**
 * Multinomial logistic regression: minimises mean cross-entropy + l2 / 2 |W|^2 over weights of standardised features (the bias is free) by
 * L-BFGS on all rows at once. Convex: the answer does not depend on a start. The products run on the current backend.
 * @param x `[n, dim]` row-major
 */
export async function fitSoftmaxRegression({
  x,
  labels,
  dim,
  numClasses,
  l2,
  maxIterations = 200,
  tolerance = 1e-4,
}: {
  x: Float32Array;
  labels: ArrayLike<number>;
  dim: number;
  numClasses: number;
  l2: number;
  maxIterations?: number;
  /** Of the gradient's norm, as a share of that at the start. */
  tolerance?: number;
}): Promise<SoftmaxRegression> {
  const n = labels.length;
  if (n === 0 || x.length !== n * dim) {
    throw new AudiosslError(`fitSoftmaxRegression: needs ${n} rows of ${dim} values, at least 1, got ${x.length} values`);
  }
  const { mean, scale } = moments(x, n, dim);
  const standard = new Float32Array(n * (dim + 1));
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < dim; i++) standard[row * (dim + 1) + i] = (x[row * dim + i] - mean[i]) * scale[i];
    standard[row * (dim + 1) + dim] = 1;
  }
  const targets = new Float32Array(n * numClasses);
  for (let row = 0; row < n; row++) targets[row * numClasses + labels[row]] = 1;
  const rows = tf.tensor2d(standard, [n, dim + 1]);
  const columns = tf.tidy(() => tf.transpose(rows));
  const y = tf.tensor2d(targets, [n, numClasses]);
  const numWeights = dim * numClasses;
  try {
    const best = await minimise(
      new Float64Array(numWeights + numClasses),
      async (w) => {
        const [loss, slope] = tf.tidy((): [tf.Scalar, tf.Tensor2D] => {
          const scores = tf.matMul(rows, tf.tensor2d(new Float32Array(w), [dim + 1, numClasses]));
          const logProbabilities = tf.logSoftmax(scores);
          const crossEntropy = tf.neg<tf.Scalar>(tf.sum(tf.mul(logProbabilities, y)));
          return [crossEntropy, tf.matMul(columns, tf.sub(tf.exp(logProbabilities), y))];
        });
        const value = (await loss.data<'float32'>())[0] / n;
        const gradient = new Float64Array(await slope.data<'float32'>());
        tf.dispose([loss, slope]);
        let penalty = 0;
        for (let i = 0; i < numWeights; i++) {
          penalty += (l2 / 2) * w[i] * w[i];
          gradient[i] = gradient[i] / n + l2 * w[i];
        }
        for (let i = numWeights; i < gradient.length; i++) gradient[i] /= n;
        return { value: value + penalty, gradient };
      },
      { maxIterations, tolerance },
    );
    return { weights: unstandardised(best, { mean, scale, dim, numClasses }), dim, numClasses };
  } finally {
    tf.dispose([rows, columns, y]);
  }
}

/** `[n, numClasses]` row-major probabilities of raw rows `[n, dim]`. */
export function predictProbabilities({ weights, dim, numClasses }: SoftmaxRegression, x: Float32Array): Float64Array {
  const n = x.length / dim;
  const out = new Float64Array(n * numClasses);
  for (let row = 0; row < n; row++) {
    const scores = out.subarray(row * numClasses, (row + 1) * numClasses);
    scores.set(weights.subarray(dim * numClasses));
    for (let i = 0; i < dim; i++) {
      const value = x[row * dim + i];
      for (let label = 0; label < numClasses; label++) scores[label] += value * weights[i * numClasses + label];
    }
    const highest = scores.reduce((a, b) => Math.max(a, b));
    let sum = 0;
    for (let label = 0; label < numClasses; label++) sum += scores[label] = Math.exp(scores[label] - highest);
    for (let label = 0; label < numClasses; label++) scores[label] /= sum;
  }
  return out;
}

function moments(x: Float32Array, n: number, dim: number): { mean: Float64Array; scale: Float64Array } {
  const mean = new Float64Array(dim);
  const variance = new Float64Array(dim);
  for (let i = 0; i < x.length; i++) mean[i % dim] += x[i] / n;
  for (let i = 0; i < x.length; i++) variance[i % dim] += (x[i] - mean[i % dim]) ** 2 / n;
  // A feature that never varies says nothing.
  return { mean, scale: variance.map((value) => (value > 1e-24 ? 1 / Math.sqrt(value) : 0)) };
}

/** Weights of standardised features -> weights of raw ones. */
function unstandardised(
  standard: Float64Array,
  { mean, scale, dim, numClasses }: { mean: Float64Array; scale: Float64Array; dim: number; numClasses: number },
): Float64Array {
  const weights = standard.slice();
  for (let i = 0; i < dim; i++) {
    for (let label = 0; label < numClasses; label++) {
      weights[i * numClasses + label] *= scale[i];
      weights[dim * numClasses + label] -= mean[i] * weights[i * numClasses + label];
    }
  }
  return weights;
}
