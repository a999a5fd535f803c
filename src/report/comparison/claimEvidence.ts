import { pairedDifferences } from '../../eval/statistics/pairedBootstrap.js';
import { publishedClassesImproved } from '../published/selfSupervised.js';
import { checkComparable } from './checkComparable.js';
import { comparisonReplicates, haveSameSeeds } from './compareSystems.js';
import type { System } from './system.js';
import type { Evidence } from './verdicts.js';

export interface ClaimContext {
  systems: readonly System[];
  /** Names the draws. */
  seed?: number;
  replicates?: number;
}

/** All labels, all training clips, the run's own data: what the paper's numbers are. */
export function isPlain({ labelFraction, shots, dataset, trainOn, isKFold, checkpoint }: System): boolean {
  return (
    !isKFold &&
    labelFraction === null &&
    shots === null &&
    dataset === null &&
    trainOn === null &&
    (checkpoint === 'best' || checkpoint === 'last')
  );
}

/** Micro accuracy of a minus that of b, claimed to be above 0. */
export function accuracyEvidence(a: System, b: System, context: ClaimContext): Evidence {
  const { micro } = differences(a, b, context);
  return {
    what: `micro accuracy, ${a.name} minus ${b.name}`,
    ...interval(micro),
    numSeeds: Math.min(a.seeds.length, b.seeds.length),
    claimed: { above: 0 },
  };
}

/** Classes in which a is better than b, claimed to be at least the published share (13 of 20). */
export function classesEvidence(a: System, b: System, context: ClaimContext): Evidence {
  const { numClassesBetter } = differences(a, b, context);
  const numClasses = new Set(a.labels).size;
  const { numImproved, numClasses: published } = publishedClassesImproved;
  return {
    what: `classes in which ${a.name} is better than ${b.name}`,
    ...interval(numClassesBetter),
    numSeeds: Math.min(a.seeds.length, b.seeds.length),
    claimed: { atLeast: Math.ceil((numImproved * numClasses) / published) },
  };
}

function differences(a: System, b: System, { seed = 0, replicates = comparisonReplicates }: ClaimContext) {
  checkComparable(a, b);
  return pairedDifferences({
    a: a.correct,
    b: b.correct,
    areSeedsPaired: haveSameSeeds(a, b),
    ...{ labels: a.labels, groups: a.groups, numClasses: a.classNames.length, replicates, seed },
  });
}

function interval({ estimate, low, high }: { estimate: number; low: number; high: number }) {
  return { estimate, low, high };
}
