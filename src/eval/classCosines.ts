import { AudiosslError } from '../util/errors.js';
import { unitRows } from './unitRows.js';

/**
 * Mean cosine over all pairs of different rows with equal labels, and over all pairs with different labels; null where there is no such pair.
 * Rows are L2-normalised inside. From the sums of the classes (|sum|^2 holds every pair), so no pair is ever formed.
 * @param embeddings `[n, dim]` row-major
 */
export function classCosines(
  embeddings: ArrayLike<number>,
  labels: ArrayLike<number>,
  dim: number,
): { same: number | null; other: number | null } {
  const rows = unitRows(embeddings, dim);
  const n = labels.length;
  if (n * dim !== rows.length) throw new AudiosslError(`classCosines: needs ${rows.length / dim} labels, got ${n}`);
  const sums = new Map<number, { sum: Float64Array; count: number }>();
  const all = new Float64Array(dim);
  let squares = 0;
  for (let row = 0; row < n; row++) {
    const found = sums.get(labels[row]) ?? { sum: new Float64Array(dim), count: 0 };
    sums.set(labels[row], found);
    found.count++;
    for (let i = 0; i < dim; i++) {
      const value = rows[row * dim + i];
      found.sum[i] += value;
      all[i] += value;
      squares += value * value;
    }
  }
  let [inClasses, samePairs] = [0, 0];
  for (const { sum, count } of sums.values()) {
    inClasses += squaredNorm(sum);
    samePairs += count * (count - 1);
  }
  const otherPairs = n * (n - 1) - samePairs;
  return {
    same: samePairs > 0 ? (inClasses - squares) / samePairs : null,
    other: otherPairs > 0 ? (squaredNorm(all) - inClasses) / otherPairs : null,
  };
}

const squaredNorm = (vector: Float64Array): number => vector.reduce((sum, value) => sum + value * value, 0);
