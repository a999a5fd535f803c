import * as tf from '@tensorflow/tfjs-core';
import type { Whitening } from '../model/whitening.js';
import { symmetricEigen } from '../ops/symmetricEigen.js';
import { valuesOf } from '../ops/valuesOf.js';
import { AudiosslError, UsageError } from '../util/errors.js';

/**
 * ZCA-cor whitening (Kessy, Lewin & Strimmer 2018, "Optimal whitening and decorrelation") with the correlations P shrunk towards none:
 * y = (x - mean) V^(-1/2) P*^(-1/2), P* = (1 - shrinkage) P + shrinkage I, V the variances. Of all whitenings it is the one whose values
 * stay closest to the ones that they came from. With shrinkage 1 the values are standardised and no more; with 0, and more rows than
 * values, the covariance of the rows becomes the identity. A value that never changes becomes 0.
 *
 * @param rows `[n, dim]` row-major, one a recording, n >= 2
 * Throws UsageError for a shrinkage outside [0, 1], or so small that rows are too few for it; AudiosslError for rows that are not finite.
 */
export function fitWhitening(rows: Float32Array, { dim, shrinkage }: { dim: number; shrinkage: number }): Whitening {
  const n = rows.length / dim;
  if (!(shrinkage >= 0 && shrinkage <= 1)) throw new UsageError(`whiten: the shrinkage must be from 0 to 1, got ${shrinkage}`);
  if (n < 2) throw new UsageError(`whiten: needs 2 recordings at least, got ${n}`);
  const { mean, deviation } = momentsOf(rows, dim);
  if (!deviation.every(Number.isFinite)) throw new AudiosslError('whiten: the embeddings must be finite; use another checkpoint');
  // What float32 can hold apart: smaller differences are rounding.
  const isConstant = Array.from(deviation, (value, i) => value <= 1e-6 * Math.abs(mean[i]));
  const standardised = Float32Array.from(rows, (value, i) => (isConstant[i % dim] ? 0 : (value - mean[i % dim]) / deviation[i % dim]));
  const products = valuesOf(() => {
    const z = tf.tensor2d(standardised, [n, dim]);
    return tf.matMul(z, z, true, false);
  });
  const correlations = new Float32Array(dim * dim);
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++)
      correlations[i * dim + j] = i === j ? 1 : ((1 - shrinkage) * (products[i * dim + j] + products[j * dim + i])) / (2 * n);
  }
  const root = inverseRoot(correlations, dim);
  const weight = new Float32Array(dim * dim);
  const bias = new Float64Array(dim);
  for (let i = 0; i < dim; i++) {
    if (isConstant[i]) continue;
    for (let j = 0; j < dim; j++) {
      if (isConstant[j]) continue;
      const value = root[i * dim + j] / deviation[i];
      weight[i * dim + j] = value;
      bias[j] -= mean[i] * value;
    }
  }
  return { weight, bias: Float32Array.from(bias) };
}

/** Both maps in one: first `first`, then `second`. */
export function chainWhitenings(first: Whitening, second: Whitening): Whitening {
  const dim = first.bias.length;
  const throughSecond = (rows: Float32Array) =>
    valuesOf(() => tf.matMul(tf.tensor2d(rows, [rows.length / dim, dim]), tf.tensor2d(second.weight, [dim, dim])));
  const bias = throughSecond(first.bias);
  return { weight: throughSecond(first.weight), bias: second.bias.map((value, i) => value + bias[i]) };
}

/** Mean and standard deviation (of the n) of each value, in float64. */
function momentsOf(rows: Float32Array, dim: number): { mean: Float64Array; deviation: Float64Array } {
  const n = rows.length / dim;
  const mean = new Float64Array(dim);
  for (let i = 0; i < rows.length; i++) mean[i % dim] += rows[i] / n;
  const squares = new Float64Array(dim);
  for (let i = 0; i < rows.length; i++) squares[i % dim] += (rows[i] - mean[i % dim]) ** 2;
  return { mean, deviation: squares.map((sum) => Math.sqrt(sum / n)) };
}

/** `P^(-1/2)` of a symmetric matrix `[dim, dim]`. Throws UsageError where it has an eigenvalue near 0. */
function inverseRoot(matrix: Float32Array, dim: number): Float32Array {
  const { values, vectors } = symmetricEigen(matrix, dim);
  // Sums of products in float32 are good to about 1e-6 of the diagonal.
  if (!(values[0] > 1e-5)) {
    throw new UsageError(
      `whiten: ${dim} values cannot be told apart by so few or so similar recordings (smallest eigenvalue ${values[0].toExponential(1)}); use a larger shrinkage or more recordings`,
    );
  }
  return valuesOf(() => {
    const axes = tf.tensor2d(vectors, [dim, dim]);
    return tf.matMul(tf.mul(axes, tf.rsqrt(tf.tensor1d(values))), axes, false, true);
  });
}
