import { AudiosslError } from '../../util/errors.js';
import { bootstrapPValue, type Estimate, percentileInterval, roundingError } from './interval.js';
import { type Draws, type ResampleOptions, type Resamples, resample, type SeedValues } from './resample.js';

/** A difference a - b with its 95 % interval and two-sided p-value. */
export interface Difference extends Estimate {
  pValue: number;
}

export interface PairedOptions extends ResampleOptions {
  /** 1 where the system has the clip right, 0 where not; one array a seed, the same order of clips in both systems. */
  a: SeedValues;
  b: SeedValues;
  /** Seed i of a and of b belong together (same split, same order of clips) and are drawn together. Default: where there are as many. */
  areSeedsPaired?: boolean;
}

export interface PairedResult {
  micro: Difference;
  macro: Difference;
  /** In the order of the classes; NaN for a class without clips. */
  perClass: Difference[];
  /** Classes in which a is better, and its 95 % interval. */
  numClassesBetter: Estimate;
  replicates: number;
  numGroups: number;
  numSingleGroupStrata: number;
}

/** Differences a - b of two systems on the same clips: the two-level bootstrap of `resample`, both systems on the same drawn clips. */
export function pairedDifferences(options: PairedOptions): PairedResult {
  const draws = pairedResamples(options);
  const { micro, macro, perClass, numGroups, numSingleGroupStrata } = draws;
  return {
    micro: difference(micro),
    macro: difference(macro),
    perClass: perClass.map(difference),
    numClassesBetter: percentileInterval(countBetter(perClass)),
    replicates: micro.draws.length,
    numGroups,
    numSingleGroupStrata,
  };
}

/**
 * One statistic of `pairedDifferences`.
 *
 * @example
 * ```ts
 * import { pairedBootstrap } from 'audiossl';
 * const [labels, groups] = [[0, 0, 0, 1, 1, 1], ['a', 'b', 'c', 'd', 'e', 'f']];
 * const { difference } = pairedBootstrap({ statistic: 'micro', a: [[1, 1, 1, 1, 1, 0]], b: [[1, 0, 0, 1, 0, 0]], labels, groups, numClasses: 2, seed: 0 });
 * difference; // => 0.5
 * ```
 */
export function pairedBootstrap({ statistic, ...options }: PairedOptions & { statistic: 'micro' | 'macro' }): {
  difference: number;
  low: number;
  high: number;
  pValue: number;
  replicates: number;
} {
  const { estimate, low, high, pValue } = difference(pairedResamples(options)[statistic]);
  return { difference: estimate, low, high, pValue, replicates: options.replicates ?? 1000 };
}

function pairedResamples({ a, b, areSeedsPaired = a.length === b.length, ...options }: PairedOptions): Resamples {
  if (!areSeedsPaired) return resample([a, b.map((values) => Float64Array.from(values, (value) => -value))], options);
  if (a.length !== b.length) {
    throw new AudiosslError(`pairedBootstrap: paired seeds must be as many in both systems, got ${a.length} and ${b.length}`);
  }
  return resample([a.map((values, s) => minus(values, b[s]))], options);
}

function minus(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  if (a.length !== b.length) {
    throw new AudiosslError(`pairedBootstrap: both systems must have the same clips, got ${a.length} and ${b.length}`);
  }
  return Float64Array.from(a, (value, clip) => value - b[clip]);
}

function difference(draws: Draws): Difference {
  return { ...percentileInterval(draws), pValue: bootstrapPValue(draws.draws) };
}

function countBetter(perClass: readonly Draws[]): Draws {
  const count = (at: (draws: Draws) => number) => perClass.filter((draws) => at(draws) > roundingError).length;
  return {
    estimate: count(({ estimate }) => estimate),
    draws: Float64Array.from(perClass[0].draws, (_, i) => count(({ draws }) => draws[i])),
  };
}
