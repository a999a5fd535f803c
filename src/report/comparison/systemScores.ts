import type { Estimate } from '../../eval/statistics/interval.js';
import { type SeedSummary, seedSummary } from '../../eval/statistics/seedSummary.js';
import { stratifiedBootstrap } from '../../eval/statistics/stratifiedBootstrap.js';
import type { System } from './system.js';

/** An accuracy of one system: over its seeds, and with the 95 % interval over clips and seeds. */
export interface Score extends Estimate {
  seeds: SeedSummary;
}

export interface SystemScores {
  micro: Score;
  macro: Score;
  /** Recalls, in the order of the class names; NaN for a class without clips. */
  perClass: Estimate[];
}

const known = new WeakMap<System, Map<string, SystemScores>>();

/** The accuracies of a system; computed once, as it is compared with several others. */
export function systemScores(system: System, { seed, replicates }: { seed: number; replicates: number }): SystemScores {
  const ofSystem = known.get(system) ?? new Map<string, SystemScores>();
  known.set(system, ofSystem);
  const key = `${seed} ${replicates}`;
  const before = ofSystem.get(key);
  if (before) return before;
  const { correct, labels, groups, classNames } = system;
  const { micro, macro, perClass } = stratifiedBootstrap({ correct, labels, groups, numClasses: classNames.length, seed, replicates });
  const ofSeeds = correct.map((values) => accuracies(values, labels, classNames.length));
  const scores = {
    micro: { ...micro, seeds: seedSummary(ofSeeds.map((accuracy) => accuracy.micro)) },
    macro: { ...macro, seeds: seedSummary(ofSeeds.map((accuracy) => accuracy.macro)) },
    perClass,
  };
  ofSystem.set(key, scores);
  return scores;
}

function accuracies(correct: Uint8Array, labels: Int32Array, numClasses: number): { micro: number; macro: number } {
  const [right, all] = [new Float64Array(numClasses), new Float64Array(numClasses)];
  for (let clip = 0; clip < correct.length; clip++) {
    all[labels[clip]]++;
    right[labels[clip]] += correct[clip];
  }
  const recalls = [...right].flatMap((n, k) => (all[k] === 0 ? [] : [n / all[k]]));
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  return { micro: sum(right) / correct.length, macro: sum(recalls) / recalls.length };
}
