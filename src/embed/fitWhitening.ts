import * as tf from '@tensorflow/tfjs-core';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Whitening } from '../model/whitening.js';
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
  const correlations = new Matrix(dim, dim);
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++)
      correlations.set(i, j, i === j ? 1 : ((1 - shrinkage) * (products[i * dim + j] + products[j * dim + i])) / (2 * n));
  }
  const root = inverseRoot(correlations);
  const weight = new Float32Array(dim * dim);
  const bias = new Float64Array(dim);
  for (let i = 0; i < dim; i++) {
    if (isConstant[i]) continue;
    for (let j = 0; j < dim; j++) {
      if (isConstant[j]) continue;
      const value = root.get(i, j) / deviation[i];
      weight[i * dim + j] = value;
      bias[j] -= mean[i] * value;
    }
  }
  return { weight, bias: Float32Array.from(bias) };
}

/** Both maps in one: first `first`, then `second`. */
export function chainWhitenings(first: Whitening, second: Whitening): Whitening {
  const dim = first.bias.length;
  const matrix = ({ weight }: Whitening) => Matrix.from1DArray(dim, dim, weight);
  const weight = matrix(first).mmul(matrix(second));
  const bias = Matrix.rowVector(first.bias).mmul(matrix(second));
  return { weight: Float32Array.from(weight.to1DArray()), bias: second.bias.map((value, i) => value + bias.get(0, i)) };
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

/** `P^(-1/2)` of a symmetric matrix. Throws UsageError where it has an eigenvalue near 0. */
function inverseRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const smallest = Math.min(...realEigenvalues);
  // Sums of products in float32 are good to about 1e-6 of the diagonal.
  if (!(smallest > 1e-5)) {
    throw new UsageError(
      `whiten: ${matrix.rows} values cannot be told apart by so few or so similar recordings (smallest eigenvalue ${smallest.toExponential(1)}); use a larger shrinkage or more recordings`,
    );
  }
  const scaled = eigenvectorMatrix.clone();
  for (const [column, value] of realEigenvalues.entries()) scaled.mulColumn(column, 1 / Math.sqrt(value));
  return scaled.mmul(eigenvectorMatrix.transpose());
}
