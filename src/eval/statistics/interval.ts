import { quantile } from '../intervals.js';
import type { Draws } from './resample.js';

/** An estimate with its 95 % percentile bootstrap interval. */
export interface Estimate {
  estimate: number;
  low: number;
  high: number;
  /** Standard deviation over the draws. */
  standardError: number;
}

/** Percentiles 2.5 and 97.5 of the draws that have a value. */
export function percentileInterval({ estimate, draws }: Draws): Estimate {
  const sorted = draws.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return { estimate, low: Number.NaN, high: Number.NaN, standardError: Number.NaN };
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / Math.max(1, sorted.length - 1));
  return { estimate, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975), standardError };
}

/** Means of many 0s and 1s differ by rounding where they are equal. */
export const roundingError = 1e-12;

/**
 * Two-sided p-value of "the difference is 0" by turning the percentile interval round: twice the smaller share of draws on either side of
 * 0, 0 itself counted on both; one more in number and count, so that it is never 0 (Davison & Hinkley 1997, 4.11).
 */
export function bootstrapPValue(draws: Float64Array): number {
  let [below, above, count] = [0, 0, 0];
  for (const value of draws) {
    if (Number.isNaN(value)) continue;
    count++;
    if (value <= roundingError) below++;
    if (value >= -roundingError) above++;
  }
  return Math.min(1, (2 * (Math.min(below, above) + 1)) / (count + 1));
}
