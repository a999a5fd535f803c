import type { Estimate } from '../eval/statistics/interval.js';
import { type SeedSummary, seedSummary } from '../eval/statistics/seedSummary.js';
import { stratifiedBootstrap } from '../eval/statistics/stratifiedBootstrap.js';
import type { EvaluationRecord } from '../run/evaluationRecord.js';
import { UsageError } from '../util/errors.js';
import type { RunReport } from './collectRun.js';
import { comparedPairs } from './comparedPairs.js';
import { checkFrontEnds, checkSameClips } from './comparison/checkComparable.js';
import { type ClaimVerdict, claimVerdicts } from './comparison/claims.js';
import { compareSystems, comparisonReplicates, type SystemComparison } from './comparison/compareSystems.js';
import { protocolKey, readEvaluatedRuns } from './comparison/evaluatedRuns.js';
import { readAnalysedRuns } from './comparison/featureClaim.js';
import type { System } from './comparison/system.js';
import { groupSystems } from './comparison/systems.js';
import { type PaperRow, type PaperTable1Row, paperTable1, paperTable2 } from './paperTables.js';
import { alphaCurves, type SystemCurve, temperatureCurves } from './systemCurves.js';

/** One system with its numbers: a row of the table of systems. */
export interface SystemRow {
  system: System;
  /** Intervals over clips and seeds; `seeds` is mean and deviation of the seeds alone. */
  micro: Estimate & { seeds: SeedSummary };
  macro: Estimate & { seeds: SeedSummary };
  perClass: Estimate[];
  /** Over seeds, folds pooled; null where a record lacks it. */
  patchWeighted: SeedSummary | null;
  top3: SeedSummary | null;
}

/** What a report on several runs says beyond the single runs. */
export interface ComparisonReport {
  split: 'test' | 'validation';
  rows: SystemRow[];
  pairs: SystemComparison[];
  /** Pairs that could be compared but are not shown: the table would be unreadable. */
  numPairsLeftOut: number;
  /** Runs without an evaluation on the split. */
  runsLeftOut: string[];
  alphaCurves: SystemCurve[];
  temperatureCurves: SystemCurve[];
  table1: PaperTable1Row[] | undefined;
  table2: PaperRow[] | undefined;
  verdicts: ClaimVerdict[];
}

/**
 * Groups the runs into systems and tests them against each other, on the test clips, or on validation clips where no run was tested.
 * Undefined for data without labels. Throws UsageError in one line: no evaluations, other datasets, mixed front ends, folds missing.
 */
export async function compareRuns(
  reports: readonly RunReport[],
  { replicates = comparisonReplicates }: { replicates?: number } = {},
): Promise<ComparisonReport | undefined> {
  if (reports.every(({ hasLabels, evaluations }) => !hasLabels && evaluations.length === 0)) return undefined;
  const onTest = await readEvaluatedRuns(reports, 'test');
  const split = onTest.length > 0 ? 'test' : 'validation';
  const evaluated = onTest.length > 0 ? onTest : await readEvaluatedRuns(reports, 'validation');
  if (evaluated.length === 0) {
    throw new UsageError(
      `report: a comparison needs evaluations, none of the ${reports.length} runs has one; run audiossl evaluate RUN --protocol linear --split test for each`,
    );
  }
  const systems = groupSystems(evaluated);
  checkSameClips(systems);
  checkFrontEnds(systems);
  const { pairs, numLeftOut } = comparedPairs(systems);
  const used = new Set(evaluated.map(({ run }) => run));
  const rows = systems.map((system) => systemRow(system, reports, replicates));
  const compared = pairs.map(([a, b]) => compareSystems(a, b, { replicates }));
  return {
    split,
    rows,
    pairs: compared,
    numPairsLeftOut: numLeftOut,
    runsLeftOut: reports.flatMap(({ name }) => (used.has(name) ? [] : [name])),
    alphaCurves: alphaCurves(rows),
    temperatureCurves: temperatureCurves(rows, reports),
    table1: paperTable1(rows, compared),
    table2: paperTable2(rows),
    verdicts: claimVerdicts({ systems, replicates, analyses: await readAnalysedRuns(reports, split) }),
  };
}

function systemRow(system: System, reports: readonly RunReport[], replicates: number): SystemRow {
  const { correct, labels, groups, classNames, seeds } = system;
  const { micro, macro, perClass } = stratifiedBootstrap({ correct, labels, groups, numClasses: classNames.length, replicates, seed: 0 });
  const bySeed = seeds.map((seed) => recordsOf(system, seed, reports));
  const perSeed = correct.map((one) => accuracies(one, labels, classNames.length));
  return {
    system,
    micro: { ...micro, seeds: seedSummary(perSeed.map((one) => one.micro)) },
    macro: { ...macro, seeds: seedSummary(perSeed.map((one) => one.macro)) },
    perClass,
    patchWeighted: summary(bySeed.map((records) => weightedMean(records, 'patchWeightedAccuracy', 'numPatches'))),
    top3: summary(bySeed.map((records) => weightedMean(records, 'top3Accuracy', 'numClips'))),
  };
}

/** The records behind one seed of a system, a record a run: that with the run's own seed, else the lowest. */
function recordsOf(system: System, seed: number, reports: readonly RunReport[]): EvaluationRecord[] {
  return reports.flatMap((report) => {
    if (!system.runs.includes(report.name)) return [];
    const records = report.evaluations
      .map(({ record }) => record)
      .filter((record) => record.split === system.split && protocolKey(record) === system.protocolKey)
      .sort((a, b) => a.seed - b.seed);
    const runSeed = report.log.starts.at(-1)?.seed ?? records[0]?.seed;
    const chosen = records.find((record) => record.seed === runSeed) ?? records[0];
    return runSeed === seed && chosen !== undefined ? [chosen] : [];
  });
}

function weightedMean(
  records: readonly EvaluationRecord[],
  key: 'patchWeightedAccuracy' | 'top3Accuracy',
  weight: 'numPatches' | 'numClips',
): number | null {
  let [sum, weights] = [0, 0];
  for (const record of records) {
    const [value, size] = [record[key], record[weight]];
    if (value === null || size === null) return null;
    sum += value * size;
    weights += size;
  }
  return weights === 0 ? null : sum / weights;
}

function summary(values: readonly (number | null)[]): SeedSummary | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 || known.length < values.length ? null : seedSummary(known);
}

function accuracies(correct: Uint8Array, labels: Int32Array, numClasses: number): { micro: number; macro: number } {
  const [right, all] = [new Float64Array(numClasses), new Float64Array(numClasses)];
  correct.forEach((isRight, clip) => {
    all[labels[clip]]++;
    right[labels[clip]] += isRight;
  });
  const recalls = [...right].flatMap((n, k) => (all[k] === 0 ? [] : [n / all[k]]));
  return {
    micro: right.reduce((sum, n) => sum + n, 0) / correct.length,
    macro: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
  };
}
