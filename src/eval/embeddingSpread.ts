import { symmetricEigenvalues } from './symmetricEigenvalues.js';
import { rowDot, unitRows } from './unitRows.js';

export interface EmbeddingSpread {
  /** Mean over the dimensions of the standard deviation of L2-normalised rows; 1 / sqrt(dim) at most, 0 when the encoder has collapsed. */
  standardDeviation: number;
  /** sqrt of the summed variances of the dimensions, 0 .. 1: 1 - its square is the mean cosine between rows. */
  relativeSpread: number;
  /** exp of the entropy of the singular values' shares (Roy & Vetterli 2007; RankMe, Garrido et al. 2023), of L2-normalised rows: 1 .. min(n, dim). */
  effectiveRank: number;
}

/**
 * How much of the space the embeddings use.
 * @param embeddings `[n, dim]` row-major
 */
export function embeddingSpread(embeddings: ArrayLike<number>, dim: number): EmbeddingSpread {
  const rows = unitRows(embeddings, dim);
  const n = rows.length / dim;
  let [deviations, variances] = [0, 0];
  for (let i = 0; i < dim; i++) {
    let mean = 0;
    for (let row = 0; row < n; row++) mean += rows[row * dim + i] / n;
    let variance = 0;
    for (let row = 0; row < n; row++) variance += (rows[row * dim + i] - mean) ** 2 / n;
    variances += variance;
    deviations += Math.sqrt(variance);
  }
  return { standardDeviation: deviations / dim, relativeSpread: Math.sqrt(variances), effectiveRank: effectiveRank(rows, n, dim) };
}

function effectiveRank(rows: Float64Array, n: number, dim: number): number {
  // Singular values squared are the eigenvalues of the smaller of X X^T and X^T X.
  const [x, size, length] = n <= dim ? [rows, n, dim] : [transposed(rows, n, dim), dim, n];
  const gram = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) gram[a * size + b] = gram[b * size + a] = rowDot(x, a, x, b, length);
  }
  const eigenvalues = symmetricEigenvalues(gram, size);
  // What rounding leaves of a zero eigenvalue would count as its square root.
  const smallest = size * Number.EPSILON * Math.max(...eigenvalues);
  const singular = eigenvalues.map((value) => (value > smallest ? Math.sqrt(value) : 0));
  const total = singular.reduce((sum, value) => sum + value, 0);
  const entropy = singular.reduce((sum, value) => (value > 0 ? sum - (value / total) * Math.log(value / total) : sum), 0);
  return Math.exp(entropy);
}

function transposed(rows: Float64Array, n: number, dim: number): Float64Array {
  const out = new Float64Array(rows.length);
  for (let row = 0; row < n; row++) for (let i = 0; i < dim; i++) out[i * n + row] = rows[row * dim + i];
  return out;
}
