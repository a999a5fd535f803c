import type { RunReport } from '../collectRun.js';
import { checkSystems } from './checkComparable.js';
import { familyKey } from './choose.js';
import { type ClaimVerdict, claimVerdicts } from './claims.js';
import { compareSystems, comparisonReplicates, type SystemComparison } from './compareSystems.js';
import { readEvaluatedRuns } from './evaluatedRuns.js';
import { readAnalysedRuns } from './featureClaim.js';
import type { System } from './system.js';
import { type Score, systemScores } from './systemScores.js';
import { groupSystems } from './systems.js';

/** What a report says about several runs together; goes into report.json as it is. */
export interface Comparison {
  split: 'test' | 'validation';
  systems: SystemSummary[];
  /** Every pair that was compared; differences are a - b. */
  comparisons: SystemComparison[];
  claims: ClaimVerdict[];
}

/** A system without its clips. */
export interface SystemSummary
  extends Omit<System, 'config' | 'ids' | 'labels' | 'groups' | 'predicted' | 'correct' | 'protocolKey' | 'classNames'> {
  numClips: number;
  micro: Score;
  macro: Score;
}

/**
 * Reads the predictions of a report's runs and compares the systems that they make up, on the test clips if any run was evaluated there,
 * else on the validation clips. Undefined for fewer than two systems. Throws UsageError in one line for runs of different datasets, mixed
 * front ends, or without predictions; reads only.
 */
export async function readComparison(
  reports: readonly RunReport[],
  { seed = 0, replicates = comparisonReplicates }: { seed?: number; replicates?: number } = {},
): Promise<Comparison | undefined> {
  const isTested = reports.some(({ evaluations }) => evaluations.some(({ record }) => record.split === 'test'));
  const split = isTested ? 'test' : 'validation';
  const systems = groupSystems(await readEvaluatedRuns(reports, split));
  if (systems.length < 2) return undefined;
  checkSystems(systems);
  const analyses = await readAnalysedRuns(reports, split);
  return {
    split,
    systems: systems.map((system) => summary(system, { seed, replicates })),
    comparisons: comparisonPairs(systems).map(([a, b]) => compareSystems(a, b, { seed, replicates })),
    claims: claimVerdicts({ systems, analyses, seed, replicates }),
  };
}

const rank = { logMelStatistics: 0, randomWeights: 1, supervised: 2, selfSupervised: 3 } as const;

/**
 * The pairs worth a comparison, under one protocol each: up to four systems each against each; more of them with the margin against without
 * (else equal), and all against random weights and log-mel statistics. The more of the method a system has, the more it stands first.
 */
export function comparisonPairs(systems: readonly System[]): [a: System, b: System][] {
  const byProtocol = new Map<string, System[]>();
  for (const system of systems) byProtocol.set(system.protocolKey, [...(byProtocol.get(system.protocolKey) ?? []), system]);
  const order = ({ traits }: System) => 2 * rank[traits.kind] + Number(traits.hasMargin);
  const isWorthIt = (a: System, b: System) =>
    order(b) < order(a) && (b.traits.alpha === null || (a.traits.hasMargin && familyKey(a) === familyKey(b)));
  return [...byProtocol.values()].flatMap((group) => {
    const sorted = [...group].sort((a, b) => order(b) - order(a));
    return sorted.flatMap((a, i) =>
      sorted.slice(i + 1).flatMap((b): [System, System][] => (sorted.length <= 4 || isWorthIt(a, b) ? [[a, b]] : [])),
    );
  });
}

function summary(system: System, options: { seed: number; replicates: number }): SystemSummary {
  const { config: _config, ids, labels: _labels, groups: _groups, predicted: _predicted, correct: _correct, ...rest } = system;
  const { protocolKey: _key, classNames: _names, ...shown } = rest;
  const { micro, macro } = systemScores(system, options);
  return { ...shown, numClips: ids.length, micro, macro };
}
