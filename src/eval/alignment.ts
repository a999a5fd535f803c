import { AudiosslError } from '../util/errors.js';
import { unitRows } from './unitRows.js';

/**
 * Alignment (Wang & Isola 2020, eq. 1): mean over positive pairs of |a - b|^exponent, rows L2-normalised inside. 0 = the two views of a clip
 * have the same embedding.
 * @param a `[n, dim]` row-major; row i and row i of `b` are a positive pair
 *
 * @example
 * ```ts
 * import { alignment } from 'audiossl';
 * alignment([1, 0], [0, 1], 2); // => 2
 * ```
 */
export function alignment(a: ArrayLike<number>, b: ArrayLike<number>, dim: number, { exponent = 2 }: { exponent?: number } = {}): number {
  if (a.length !== b.length)
    throw new AudiosslError(`alignment: both views must have the same shape, got ${a.length} and ${b.length} values`);
  const [first, second] = [unitRows(a, dim), unitRows(b, dim)];
  const n = first.length / dim;
  let sum = 0;
  for (let row = 0; row < n; row++) {
    let squares = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) squares += (first[i] - second[i]) ** 2;
    sum += squares ** (exponent / 2);
  }
  return sum / n;
}
