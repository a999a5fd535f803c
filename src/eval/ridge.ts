import { AudiosslError } from '../util/errors.js';
import { argMax } from './metrics.js';

/** Ridge regression to one column of +1 / -1 a class, on standardised features: a classifier without training loop or choices. */
export interface RidgeClassifier {
  /** Scores `[numClasses]` of one row of raw features. */
  scores(features: ArrayLike<number>): Float64Array;
  predict(features: ArrayLike<number>): number;
}

/**
 * Solves (X^T X + alpha I) W = X^T (Y - mean Y) in double precision by Cholesky, X standardised by the training rows' own
 * mean and deviation (constant features become 0).
 * @param features `[n, dim]` row-major
 */
export function trainRidge({
  features,
  labels,
  dim,
  numClasses,
  alpha,
}: {
  features: Float64Array;
  labels: ArrayLike<number>;
  dim: number;
  numClasses: number;
  alpha: number;
}): RidgeClassifier {
  const n = labels.length;
  if (n === 0 || features.length !== n * dim) throw new AudiosslError(`trainRidge: needs ${n} x ${dim} features, got ${features.length}`);
  const { mean, scale } = columnMoments(features, n, dim);
  const x = features.map((value, i) => (value - mean[i % dim]) * scale[i % dim]);
  const shares = new Float64Array(numClasses);
  for (let i = 0; i < n; i++) shares[labels[i]] += 1 / n;
  const intercept = shares.map((share) => 2 * share - 1);

  const gram = new Float64Array(dim * dim);
  const weights = new Float64Array(dim * numClasses);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < dim; i++) {
      const value = x[row * dim + i];
      for (let j = 0; j <= i; j++) gram[i * dim + j] += value * x[row * dim + j];
      for (let label = 0; label < numClasses; label++) {
        weights[i * numClasses + label] += value * ((labels[row] === label ? 1 : -1) - intercept[label]);
      }
    }
  }
  for (let i = 0; i < dim; i++) gram[i * dim + i] += alpha;
  solveCholesky(gram, weights, dim, numClasses);

  const scores = (row: ArrayLike<number>): Float64Array => {
    const out = Float64Array.from(intercept);
    for (let i = 0; i < dim; i++) {
      const value = (row[i] - mean[i]) * scale[i];
      for (let label = 0; label < numClasses; label++) out[label] += value * weights[i * numClasses + label];
    }
    return out;
  };
  return { scores, predict: (row) => argMax(scores(row)) };
}

function columnMoments(features: Float64Array, n: number, dim: number): { mean: Float64Array; scale: Float64Array } {
  const mean = new Float64Array(dim);
  const variance = new Float64Array(dim);
  for (let i = 0; i < features.length; i++) mean[i % dim] += features[i] / n;
  for (let i = 0; i < features.length; i++) variance[i % dim] += (features[i] - mean[i % dim]) ** 2 / n;
  return { mean, scale: variance.map((value) => (value > 1e-24 ? 1 / Math.sqrt(value) : 0)) };
}

/** Solves A X = B in place of B; A symmetric positive definite, its lower triangle given, overwritten by its Cholesky factor. */
function solveCholesky(a: Float64Array, b: Float64Array, n: number, columns: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j];
    }
    for (let column = 0; column < columns; column++) {
      let sum = b[i * columns + column];
      for (let k = 0; k < i; k++) sum -= a[i * n + k] * b[k * columns + column];
      b[i * columns + column] = sum / a[i * n + i];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let column = 0; column < columns; column++) {
      let sum = b[i * columns + column];
      for (let k = i + 1; k < n; k++) sum -= a[k * n + i] * b[k * columns + column];
      b[i * columns + column] = sum / a[i * n + i];
    }
  }
}
