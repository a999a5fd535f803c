import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';

export type Interval = [low: number, high: number];

/** 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % score interval of a share (Wilson 1927): good also for few trials and shares near 0 or 1, where the usual
 * p +- 1.96 sqrt(p(1-p)/n) fails. `numRight` of `numTrials` must be right; null without trials.
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

/**
 * 95 % percentile bootstrap interval of the macro accuracy, drawn by group: clips cut from one recording are not independent, so
 * whole groups are drawn with replacement. Classes that a draw misses are left out of its mean.
 * The draws are named by `seed`: the same predictions give the same interval.
 */
export function bootstrapMacroInterval({
  labels,
  predicted,
  groups,
  numClasses,
  seed,
  numDraws = 2000,
}: {
  labels: ArrayLike<number>;
  predicted: ArrayLike<number>;
  groups: readonly string[];
  numClasses: number;
  seed: number;
  numDraws?: number;
}): Interval {
  if (labels.length === 0 || groups.length !== labels.length) {
    throw new AudiosslError(
      `bootstrapMacroInterval: needs a group for each of at least 1 clips, got ${groups.length} for ${labels.length}`,
    );
  }
  const clipsOf = new Map<string, number[]>();
  for (let clip = 0; clip < groups.length; clip++) {
    const clips = clipsOf.get(groups[clip]);
    if (clips) clips.push(clip);
    else clipsOf.set(groups[clip], [clip]);
  }
  const allGroups = [...clipsOf.values()];
  const draws = new Float64Array(numDraws);
  const rng = new Rng({ seed, purpose: 'bootstrap' });
  const [all, right] = [new Int32Array(numClasses), new Int32Array(numClasses)];
  for (let draw = 0; draw < numDraws; draw++) {
    all.fill(0);
    right.fill(0);
    for (let i = 0; i < allGroups.length; i++) {
      for (const clip of allGroups[rng.integer(0, allGroups.length)]) {
        all[labels[clip]]++;
        if (labels[clip] === predicted[clip]) right[labels[clip]]++;
      }
    }
    draws[draw] = meanRecall(all, right);
  }
  draws.sort();
  return [quantile(draws, 0.025), quantile(draws, 0.975)];
}

function meanRecall(all: Int32Array, right: Int32Array): number {
  let sum = 0;
  let present = 0;
  for (let i = 0; i < all.length; i++) {
    if (all[i] === 0) continue;
    sum += right[i] / all[i];
    present++;
  }
  return sum / present;
}
