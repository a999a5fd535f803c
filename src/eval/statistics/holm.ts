import { AudiosslError } from '../../util/errors.js';

/**
 * Holm's step-down correction of p-values for the number of tests (Holm 1979): the k-th smallest of n is multiplied by n - k + 1, never falls
 * below the one before and stops at 1. Rejecting what stays at or below 0.05 keeps the chance of any false rejection at 5 %, whatever
 * the dependence of the tests. In the order given.
 *
 * @example
 * ```ts
 * import { holm } from 'audiossl';
 * holm([0.01, 0.04, 0.03]); // => [0.03, 0.06, 0.06]
 * ```
 */
export function holm(pValues: ArrayLike<number>): number[] {
  const n = pValues.length;
  for (let i = 0; i < n; i++) {
    if (!(pValues[i] >= 0 && pValues[i] <= 1)) throw new AudiosslError(`holm: p-values must be in 0 .. 1, got ${pValues[i]}`);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => pValues[i] - pValues[j]);
  const corrected = new Array<number>(n);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, pValues[i] * (n - rank)));
    corrected[i] = largest;
  });
  return corrected;
}
