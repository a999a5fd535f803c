import { type Interval, wilsonInterval } from './intervals.js';

/** Classes with fewer recordings give a bootstrap too little to draw from. */
export const FEWEST_GROUPS = 5;

/**
 * Wilson's intervals of the classes' recalls combined to one of their mean by the method of variance estimates recovery (Zou & Donner 2008,
 * "Construction of confidence intervals about effect measures", section 2): `mean -+ sqrt(sum of (recall - bound)^2) / classes`. It has a
 * width also where every clip of a class is right, or every one wrong, of which a bootstrap knows nothing else.
 *
 * @param classes right clips, clips and independent recordings of each class that has clips; clips of one recording count as one trial
 */
export function wilsonMacroInterval(classes: readonly { numRight: number; numClips: number; numGroups: number }[]): Interval {
  let [mean, below, above] = [0, 0, 0];
  for (const { numRight, numClips, numGroups } of classes) {
    const recall = numRight / numClips;
    const [low, high] = wilsonInterval(recall * numGroups, numGroups) as Interval;
    mean += recall / classes.length;
    below += (recall - low) ** 2;
    above += (high - recall) ** 2;
  }
  return [Math.max(0, mean - Math.sqrt(below) / classes.length), Math.min(1, mean + Math.sqrt(above) / classes.length)];
}

/** Whether a bootstrap of whole recordings says something about the macro accuracy: enough of them in each class, and not one value alone. */
export function canBootstrap(classes: readonly { numGroups: number }[], { low, high }: { low: number; high: number }): boolean {
  return high > low && classes.every(({ numGroups }) => numGroups >= FEWEST_GROUPS);
}
