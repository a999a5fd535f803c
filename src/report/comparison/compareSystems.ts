import { holm } from '../../eval/statistics/holm.js';
import type { Estimate } from '../../eval/statistics/interval.js';
import { discordantClips, type McnemarResult, mcnemarTest } from '../../eval/statistics/mcnemarTest.js';
import { type Difference, pairedDifferences } from '../../eval/statistics/pairedBootstrap.js';
import { checkComparable } from './checkComparable.js';
import type { System } from './system.js';
import { type Score, systemScores } from './systemScores.js';

/** Draws of every interval: Holm over 20 classes needs p-values down to 0.05 / 20. */
export const comparisonReplicates = 5000;

export interface ScoreComparison {
  a: Score;
  b: Score;
  /** a - b. */
  difference: Difference;
}

export interface ClassComparison {
  label: string;
  numClips: number;
  /** Recalls. */
  a: Estimate;
  b: Estimate;
  /** a - b. */
  difference: Difference;
  /** Of the difference, corrected for the number of classes that have clips. */
  holmPValue: number;
}

export interface SystemComparison {
  a: string;
  b: string;
  numClips: number;
  numGroups: number;
  /** Fewer of the two systems' seeds. */
  numSeeds: number;
  /** Both systems have the same seeds, which are drawn together. */
  areSeedsPaired: boolean;
  micro: ScoreComparison;
  macro: ScoreComparison;
  /** One test a seed that both have: pooled over seeds a clip would count several times, as if it were several clips. */
  mcnemar: (McnemarResult & { seed: number })[];
  /** Classes that have clips, in the order of the class names. */
  perClass: ClassComparison[];
  /** Classes in which a's recall is higher. */
  numClassesBetter: Estimate;
  /** How the numbers were made and what weakens them, for the reader. */
  notes: string[];
}

/** Compares what two systems say about the same clips; differences are a - b. Throws UsageError where they cannot be compared. */
export function compareSystems(
  a: System,
  b: System,
  { seed = 0, replicates = comparisonReplicates }: { seed?: number; replicates?: number } = {},
): SystemComparison {
  checkComparable(a, b);
  const { classNames, labels, groups } = a;
  const areSeedsPaired = haveSameSeeds(a, b);
  const options = { labels, groups, numClasses: classNames.length, replicates, seed };
  const differences = pairedDifferences({ a: a.correct, b: b.correct, areSeedsPaired, ...options });
  const [scoresA, scoresB] = [a, b].map((system) => systemScores(system, { seed, replicates }));
  const compareScores = (statistic: 'micro' | 'macro'): ScoreComparison => ({
    a: scoresA[statistic],
    b: scoresB[statistic],
    difference: differences[statistic],
  });
  const present = classNames.map((label, k) => ({ label, k, numClips: labels.filter((other) => other === k).length }));
  const withClips = present.filter(({ numClips }) => numClips > 0);
  const corrected = holm(withClips.map(({ k }) => differences.perClass[k].pValue));
  const numSeeds = Math.min(a.seeds.length, b.seeds.length);
  const { numGroups, numSingleGroupStrata } = differences;
  return {
    a: a.name,
    b: b.name,
    numClips: labels.length,
    numGroups,
    numSeeds,
    areSeedsPaired,
    micro: compareScores('micro'),
    macro: compareScores('macro'),
    mcnemar: a.seeds.flatMap((seed, i) => {
      const j = b.seeds.indexOf(seed);
      return j < 0 ? [] : [{ seed, ...mcnemarTest(discordantClips(a.correct[i], b.correct[j])) }];
    }),
    perClass: withClips.map(({ label, k, numClips }, i) => ({
      ...{ label, numClips },
      a: scoresA.perClass[k],
      b: scoresB.perClass[k],
      difference: differences.perClass[k],
      holmPValue: corrected[i],
    })),
    numClassesBetter: differences.numClassesBetter,
    notes: comparisonNotes({ a, b, numGroups, numSingleGroupStrata, numSeeds, areSeedsPaired, replicates }),
  };
}

export function haveSameSeeds(a: Pick<System, 'seeds'>, b: Pick<System, 'seeds'>): boolean {
  return a.seeds.length === b.seeds.length && a.seeds.every((seed, i) => seed === b.seeds[i]);
}

function comparisonNotes({
  a,
  b,
  numGroups,
  numSingleGroupStrata,
  numSeeds,
  areSeedsPaired,
  replicates,
}: {
  a: System;
  b: System;
  numGroups: number;
  numSingleGroupStrata: number;
  numSeeds: number;
  areSeedsPaired: boolean;
  replicates: number;
}): string[] {
  const seeds = areSeedsPaired ? 'seeds (the same in both systems, drawn together)' : 'seeds (other seeds in either system, drawn apart)';
  const clips = numGroups < a.ids.length ? `${numGroups} recordings of ${a.ids.length} clips, drawn whole` : `${numGroups} clips`;
  return [
    numSeeds > 1
      ? `95 % intervals: paired bootstrap over ${seeds} and over ${clips}, class by class, ${replicates} draws`
      : `95 % intervals: paired bootstrap over ${clips}, class by class, ${replicates} draws; with one seed they say nothing about other seeds`,
    ...(numSeeds > 1 && numSeeds < 5 ? [`${numSeeds} seeds: too few to know how far seeds differ; a verdict needs 5`] : []),
    ...(numSingleGroupStrata > 0
      ? [`${numSingleGroupStrata} classes have a single recording: the intervals do not know how another would do`]
      : []),
    ...(a.protocol === b.protocol ? [] : [`${a.name} is evaluated by ${a.protocol}, ${b.name} by ${b.protocol}`]),
    ...(a.frontEndHash === b.frontEndHash ? [] : [`${a.name} and ${b.name} have different front ends, as the paper's systems do`]),
    ...[a, b].flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
  ];
}
