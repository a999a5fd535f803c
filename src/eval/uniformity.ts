import { AudiosslError } from '../util/errors.js';
import { rowDot, unitRows } from './unitRows.js';

/**
 * Uniformity (Wang & Isola 2020, eq. 2 on all pairs): log of the mean over pairs a < b of exp(-t |x_a - x_b|^2), rows L2-normalised inside.
 * At most 0 (all rows equal); lower = more evenly spread on the sphere.
 * @param embeddings `[n, dim]` row-major, n >= 2
 *
 * @example
 * ```ts
 * import { uniformity } from 'audiossl';
 * uniformity([1, 0, 0, 1], 2); // => -4
 * ```
 */
export function uniformity(embeddings: ArrayLike<number>, dim: number, { t = 2 }: { t?: number } = {}): number {
  const rows = unitRows(embeddings, dim);
  const n = rows.length / dim;
  if (n < 2) throw new AudiosslError(`uniformity: needs at least 2 rows, got ${n}`);
  let sum = 0;
  for (let a = 0; a < n; a++) {
    // |x - y|^2 = 2 - 2 x.y for unit rows; rounding must not make it negative.
    for (let b = a + 1; b < n; b++) sum += Math.exp(-t * Math.max(0, 2 - 2 * rowDot(rows, a, rows, b, dim)));
  }
  return Math.log(sum / ((n * (n - 1)) / 2));
}
