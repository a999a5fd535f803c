import { type Estimate, percentileInterval } from './interval.js';
import { type ResampleOptions, resample, type SeedValues } from './resample.js';

export interface BootstrapOptions extends ResampleOptions {
  /** 1 where the clip is right, 0 where it is wrong; one array a seed, all in one order of clips. */
  correct: SeedValues;
}

/** The accuracies of one system. `perClass` in the order of the classes. */
export interface BootstrapResult {
  micro: Estimate;
  macro: Estimate;
  perClass: Estimate[];
  replicates: number;
  numGroups: number;
  /** Classes with a single recording: the interval cannot know how far another recording would be off. */
  numSingleGroupStrata: number;
}

/**
 * 95 % intervals of micro accuracy, macro accuracy and the classes' recalls by the stratified two-level bootstrap of `resample`.
 *
 * @example
 * ```ts
 * import { stratifiedBootstrap } from 'audiossl';
 * const [labels, groups] = [[0, 0, 0, 1, 1, 1], ['a', 'b', 'c', 'd', 'e', 'f']];
 * const { micro } = stratifiedBootstrap({ correct: [[1, 1, 0, 1, 0, 0]], labels, groups, numClasses: 2, seed: 0 });
 * micro.estimate; // => 0.5
 * ```
 */
export function stratifiedBootstrap({ correct, ...options }: BootstrapOptions): BootstrapResult {
  const { micro, macro, perClass, numGroups, numSingleGroupStrata } = resample([correct], options);
  return {
    micro: percentileInterval(micro),
    macro: percentileInterval(macro),
    perClass: perClass.map(percentileInterval),
    replicates: micro.draws.length,
    numGroups,
    numSingleGroupStrata,
  };
}
