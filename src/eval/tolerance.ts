import { AudiosslError } from '../util/errors.js';
import { unitRows } from './unitRows.js';

/**
 * Tolerance (Wang & Liu 2021): mean cosine over all ordered pairs of different rows with equal labels, pooled over the classes, so that
 * large classes weigh more, as the authors compute it. Rows are L2-normalised inside. Near 1 = classes are tight.
 * A class with n rows that sum to s has the pair sum |s|^2 - n, so no pair is ever formed.
 * @param embeddings `[n, dim]` row-major
 * @param labels one a row
 *
 * @example
 * ```ts
 * import { tolerance } from 'audiossl';
 * tolerance([1, 0, 1, 1, 0, 1], [0, 0, 1], 2); // => 0.7071
 * ```
 */
export function tolerance(embeddings: ArrayLike<number>, labels: ArrayLike<number>, dim: number): number {
  const rows = unitRows(embeddings, dim);
  if (labels.length * dim !== rows.length) throw new AudiosslError(`tolerance: needs ${rows.length / dim} labels, got ${labels.length}`);
  const classes = new Map<number, { sum: Float64Array; squares: number; count: number }>();
  for (let row = 0; row < labels.length; row++) {
    const found = classes.get(labels[row]) ?? { sum: new Float64Array(dim), squares: 0, count: 0 };
    classes.set(labels[row], found);
    found.count++;
    for (let i = 0; i < dim; i++) {
      const value = rows[row * dim + i];
      found.sum[i] += value;
      found.squares += value * value;
    }
  }
  let [total, pairs] = [0, 0];
  for (const { sum, squares, count } of classes.values()) {
    total += sum.reduce((norm, value) => norm + value * value, 0) - squares;
    pairs += count * (count - 1);
  }
  if (pairs === 0) throw new AudiosslError('tolerance: needs a class with at least 2 rows, got none');
  return total / pairs;
}
