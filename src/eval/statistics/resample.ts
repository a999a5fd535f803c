import { AudiosslError } from '../../util/errors.js';
import { Rng } from '../../util/rng.js';
import { groupStrata } from './groupStrata.js';

/** Numbers of clips, one array a seed, all in one order of clips: 1 for right and 0 for wrong, or the difference of two systems. */
export type SeedValues = readonly ArrayLike<number>[];

export interface ResampleOptions {
  /** Class of each clip, 0 .. numClasses - 1. */
  labels: ArrayLike<number>;
  /** Recording or uploader of each clip, drawn whole. Default: each clip is a group of its own. */
  groups?: readonly string[];
  /** Stratum of each clip. Default: its class. */
  strata?: ArrayLike<number>;
  numClasses?: number;
  replicates?: number;
  /** Names the draws: the same input and seed give the same numbers. */
  seed: number;
}

/** A statistic of the clips as they are, and of every draw. */
export interface Draws {
  estimate: number;
  draws: Float64Array;
}

export interface Resamples {
  /** Mean over clips. */
  micro: Draws;
  /** Mean over classes of the mean over their clips; classes that a draw misses are left out of its mean. */
  macro: Draws;
  /** Mean over the clips of each class; NaN in a draw that misses it, and as estimate of a class without clips. */
  perClass: Draws[];
  numGroups: number;
  numSingleGroupStrata: number;
}

/**
 * Two-level bootstrap: each replicate draws seeds and, apart from that, groups of clips with replacement (both levels cross: every
 * seed has the same clips; Owen 2007, "The pigeonhole bootstrap"). Groups are drawn whole, stratum by stratum, as many as there are.
 * Of n > 1 seeds n - 1 are drawn: drawing n of few seeds makes the variance between them (n-1)/n too small (McCarthy & Snowden 1985).
 * One seed leaves the level of clips alone.
 * `arms` draw their seeds apart from one another and share the drawn groups; the statistic is the sum over arms. One arm is the usual case.
 */
export function resample(
  arms: readonly SeedValues[],
  {
    labels,
    groups,
    strata = labels,
    numClasses = 1 + Array.from(labels).reduce((largest, label) => Math.max(largest, label), 0),
    replicates = 1000,
    seed,
  }: ResampleOptions,
): Resamples {
  checkInput(arms, labels, numClasses, replicates);
  const design = groupStrata({ strata, groups });
  const cells = sumCells(arms, labels, design.clipsOf);
  const total = (multiplicity: ArrayLike<number>, weights: readonly ArrayLike<number>[], sums: Float64Array, counts: Float64Array) => {
    sums.fill(0);
    counts.fill(0);
    for (let cell = 0; cell < cells.numCells; cell++) {
      const times = multiplicity[cells.groupOf[cell]];
      if (times === 0) continue;
      const label = cells.labelOf[cell];
      counts[label] += times * cells.numClips[cell];
      let value = 0;
      for (let arm = 0; arm < arms.length; arm++) {
        const ofArm = cells.sums[arm];
        const weightsOfArm = weights[arm];
        for (let s = 0; s < ofArm.length; s++) value += weightsOfArm[s] * ofArm[s][cell];
      }
      sums[label] += times * value;
    }
  };

  const sums = new Float64Array(numClasses);
  const counts = new Float64Array(numClasses);
  total(
    new Uint8Array(design.clipsOf.length).fill(1),
    arms.map((arm) => new Float64Array(arm.length).fill(1 / arm.length)),
    sums,
    counts,
  );
  const asDraws = (estimate: number): Draws => ({ estimate, draws: new Float64Array(replicates) });
  const result: Resamples = {
    micro: asDraws(microMean(sums, counts)),
    macro: asDraws(macroMean(sums, counts)),
    perClass: Array.from(sums, (sum, k) => asDraws(sum / counts[k])),
    numGroups: design.clipsOf.length,
    numSingleGroupStrata: design.numSingleGroupStrata,
  };

  const groupRng = new Rng({ seed, purpose: 'bootstrap groups' });
  const seedRngs = arms.map((_, arm) => new Rng({ seed, view: arm, purpose: 'bootstrap seeds' }));
  const multiplicity = new Uint32Array(design.clipsOf.length);
  const weights = arms.map((arm) => new Float64Array(arm.length));
  for (let replicate = 0; replicate < replicates; replicate++) {
    multiplicity.fill(0);
    for (const stratum of design.strata) {
      for (let i = 0; i < stratum.length; i++) multiplicity[stratum[groupRng.integer(0, stratum.length)]]++;
    }
    for (let arm = 0; arm < arms.length; arm++) drawSeeds(seedRngs[arm], weights[arm]);
    total(multiplicity, weights, sums, counts);
    result.micro.draws[replicate] = microMean(sums, counts);
    result.macro.draws[replicate] = macroMean(sums, counts);
    for (let k = 0; k < numClasses; k++) result.perClass[k].draws[replicate] = sums[k] / counts[k];
  }
  return result;
}

function drawSeeds(rng: Rng, weights: Float64Array): void {
  const numDrawn = Math.max(1, weights.length - 1);
  weights.fill(0);
  for (let i = 0; i < numDrawn; i++) weights[rng.integer(0, weights.length)] += 1 / numDrawn;
}

/** Sums over the clips of each (group, class) that occurs, of each seed of each arm: all that a replicate needs to know. */
function sumCells(arms: readonly SeedValues[], labels: ArrayLike<number>, clipsOf: readonly number[][]) {
  const groupOf: number[] = [];
  const labelOf: number[] = [];
  const clipsOfCell: number[][] = [];
  clipsOf.forEach((clips, group) => {
    for (const label of [...new Set(clips.map((clip) => labels[clip]))].sort((a, b) => a - b)) {
      groupOf.push(group);
      labelOf.push(label);
      clipsOfCell.push(clips.filter((clip) => labels[clip] === label));
    }
  });
  const sumOf = (values: ArrayLike<number>) =>
    Float64Array.from(clipsOfCell, (clips) => clips.reduce((sum, clip) => sum + values[clip], 0));
  return {
    numCells: groupOf.length,
    groupOf: Int32Array.from(groupOf),
    labelOf: Int32Array.from(labelOf),
    numClips: Float64Array.from(clipsOfCell, (clips) => clips.length),
    sums: arms.map((arm) => arm.map(sumOf)),
  };
}

function microMean(sums: Float64Array, counts: Float64Array): number {
  let [sum, count] = [0, 0];
  for (let k = 0; k < sums.length; k++) {
    sum += sums[k];
    count += counts[k];
  }
  return sum / count;
}

function macroMean(sums: Float64Array, counts: Float64Array): number {
  let [sum, present] = [0, 0];
  for (let k = 0; k < sums.length; k++) {
    if (counts[k] === 0) continue;
    sum += sums[k] / counts[k];
    present++;
  }
  return sum / present;
}

function checkInput(arms: readonly SeedValues[], labels: ArrayLike<number>, numClasses: number, replicates: number): void {
  const fail = (what: string): never => {
    throw new AudiosslError(`bootstrap: ${what}`);
  };
  if (labels.length === 0) fail('needs at least 1 clip, got none');
  if (!Number.isInteger(replicates) || replicates < 1) fail(`replicates must be a whole number from 1, got ${replicates}`);
  for (let clip = 0; clip < labels.length; clip++) {
    if (!(Number.isInteger(labels[clip]) && labels[clip] >= 0 && labels[clip] < numClasses)) {
      fail(`labels must be 0 .. ${numClasses - 1}, that of clip ${clip} is ${labels[clip]}`);
    }
  }
  for (const arm of arms) {
    if (arm.length === 0) fail('needs the results of at least 1 seed, got none');
    for (const values of arm) {
      if (values.length !== labels.length) fail(`needs a value for each of ${labels.length} clips, got ${values.length}`);
    }
  }
}
