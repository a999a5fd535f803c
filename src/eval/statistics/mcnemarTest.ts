import { AudiosslError } from '../../util/errors.js';
import { chiSquareTail } from './chiSquareTail.js';

export interface McnemarResult {
  /** Clips that only the first, and that only the second system has right. */
  aOnly: number;
  bOnly: number;
  /** Of chiSquare: (|aOnly - bOnly| - 1)^2 / (aOnly + bOnly). Of exact: the smaller of the two counts. */
  statistic: number;
  /** Two-sided; 1 where no clip tells the systems apart. */
  pValue: number;
  method: 'exact' | 'chiSquare';
}

/**
 * McNemar's test (1947) of two systems on the same clips: only the clips that one has right and the other wrong tell them apart, and if
 * the systems are equally good each of those falls to either side with probability 1/2.
 * `exact` (default) asks the binomial distribution; `exact: false` the chi-square with Edwards' continuity correction.
 * The clips must be independent of each other: count one seed at a time, never the same clip under several seeds.
 *
 * @example
 * ```ts
 * import { mcnemarTest } from 'audiossl';
 * mcnemarTest({ aOnly: 8, bOnly: 1 }).pValue; // => 0.0391
 * ```
 */
export function mcnemarTest({ aOnly, bOnly, exact = true }: { aOnly: number; bOnly: number; exact?: boolean }): McnemarResult {
  if (!(Number.isInteger(aOnly) && Number.isInteger(bOnly) && aOnly >= 0 && bOnly >= 0)) {
    throw new AudiosslError(`mcnemarTest: aOnly and bOnly must be numbers of clips, got ${aOnly} and ${bOnly}`);
  }
  const n = aOnly + bOnly;
  const counts = { aOnly, bOnly };
  if (exact) {
    const statistic = Math.min(aOnly, bOnly);
    return { ...counts, statistic, pValue: Math.min(1, 2 * lowerTailOfFairCoin(statistic, n)), method: 'exact' };
  }
  // Edwards' 1 must not turn equal counts into a difference.
  const statistic = n === 0 ? 0 : Math.max(0, Math.abs(aOnly - bOnly) - 1) ** 2 / n;
  return { ...counts, statistic, pValue: chiSquareTail(statistic), method: 'chiSquare' };
}

/** Counts of `mcnemarTest` for one seed: `a` and `b` are 1 where the system has the clip right. */
export function discordantClips(a: ArrayLike<number>, b: ArrayLike<number>): { aOnly: number; bOnly: number } {
  if (a.length !== b.length) throw new AudiosslError(`discordantClips: both systems need the same clips, got ${a.length} and ${b.length}`);
  let [aOnly, bOnly] = [0, 0];
  for (let clip = 0; clip < a.length; clip++) {
    if (a[clip] && !b[clip]) aOnly++;
    else if (b[clip] && !a[clip]) bOnly++;
  }
  return { aOnly, bOnly };
}

/** P(X <= k), X ~ Binomial(n, 1/2), k <= n / 2. */
function lowerTailOfFairCoin(k: number, n: number): number {
  // log of the largest term, C(n, k) / 2^n; the others follow by the ratio of neighbours.
  let logTerm = -n * Math.LN2;
  for (let i = 1; i <= k; i++) logTerm += Math.log((n - k + i) / i);
  let sum = 1;
  let term = 1;
  for (let i = k; i > 0 && term > 1e-18 * sum; i--) {
    term *= i / (n - i + 1);
    sum += term;
  }
  return Math.exp(logTerm) * sum;
}
