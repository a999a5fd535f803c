import { groupStrata } from '../../../src/eval/statistics/groupStrata.js';
import type { ResampleOptions, SeedValues } from '../../../src/eval/statistics/resample.js';
import { Rng } from '../../../src/util/rng.js';

/** What `resample` says it does, clip by clip: the same random numbers, every drawn clip written out. Its specification. */
export function naiveResample(
  arms: readonly SeedValues[],
  { labels, groups, strata = labels, numClasses = 1, replicates = 1000, seed }: ResampleOptions,
) {
  const design = groupStrata({ strata, groups });
  const groupRng = new Rng({ seed, purpose: 'bootstrap groups' });
  const seedRngs = arms.map((_, arm) => new Rng({ seed, view: arm, purpose: 'bootstrap seeds' }));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const statistics = (clips: number[], seedsOf: number[][]) => {
    const valueAt = (clip: number) =>
      arms.map((arm, i) => mean(seedsOf[i].map((s) => arm[s][clip]))).reduce((sum, value) => sum + value, 0);
    const perClass = Array.from({ length: numClasses }, (_, k) => mean(clips.filter((clip) => labels[clip] === k).map(valueAt)));
    return { micro: mean(clips.map(valueAt)), macro: mean(perClass.filter((value) => !Number.isNaN(value))), perClass };
  };
  const all = statistics(
    Array.from({ length: labels.length }, (_, clip) => clip),
    arms.map((arm) => arm.map((_, s) => s)),
  );
  const draws = Array.from({ length: replicates }, () => {
    const clips = design.strata.flatMap((stratum) => stratum.flatMap(() => design.clipsOf[stratum[groupRng.integer(0, stratum.length)]]));
    const seedsOf = arms.map((arm, i) => Array.from({ length: Math.max(1, arm.length - 1) }, () => seedRngs[i].integer(0, arm.length)));
    return statistics(clips, seedsOf);
  });
  return {
    micro: { estimate: all.micro, draws: draws.map(({ micro }) => micro) },
    macro: { estimate: all.macro, draws: draws.map(({ macro }) => macro) },
    perClass: all.perClass.map((estimate, k) => ({ estimate, draws: draws.map(({ perClass }) => perClass[k]) })),
  };
}
