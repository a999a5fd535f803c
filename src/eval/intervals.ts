export type Interval = [low: number, high: number];

/** 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a share (Wilson 1927): good also for few trials and shares near 0 or 1, where the usual
 * p +- 1.96 sqrt(p(1-p)/n) fails. `numRight` of `numTrials` must be right; null without trials.
 *
 * @example
 * ```ts
 * import { wilsonInterval } from 'audiossl';
 * wilsonInterval(8, 10); // => [0.4902, 0.9433]
 * ```
 */
export function wilsonInterval(numRight: number, numTrials: number): Interval | null {
  if (numTrials === 0) return null;
  const share = numRight / numTrials;
  const z2 = (Z * Z) / numTrials;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z * Math.sqrt((share * (1 - share)) / numTrials + z2 / (4 * numTrials))) / (1 + z2);
  // At the ends the formula gives 0 and 1 exactly; rounding would miss them by 1e-17.
  return [numRight === 0 ? 0 : Math.max(0, centre - half), numRight === numTrials ? 1 : Math.min(1, centre + half)];
}

/** Value below which the share `q` of sorted values lies, linear between neighbours (numpy's default). */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}
