import { errorText, UsageError } from '../util/errors.js';
import { alphaCurves } from './alphaCurves.js';
import { batchSizeCurves } from './batchSizeCurves.js';
import type { RunReport } from './collectRun.js';
import { comparedPairs } from './comparedPairs.js';
import { checkSystems } from './comparison/checkComparable.js';
import { type ClaimVerdict, claimVerdicts } from './comparison/claims.js';
import { compareSystems, comparisonReplicates, type SystemComparison } from './comparison/compareSystems.js';
import { type EvaluatedRun, type PredictionsOf, predictionsReader, readEvaluatedRuns } from './comparison/evaluatedRuns.js';
import { readAnalysedRuns } from './comparison/featureClaim.js';
import type { System } from './comparison/system.js';
import { groupSystems } from './comparison/systems.js';
import type { MapLayout } from './embeddingMap.js';
import { type PaperRow, type PaperTable1Row, paperTable1, paperTable2 } from './paperTables.js';
import { isPaperData } from './published/isPaperData.js';
import { type SystemCurve, withoutPublished } from './systemCurve.js';
import { type MapLeftOut, type SystemMap, systemMaps } from './systemMaps.js';
import { type SystemRow, systemRow } from './systemRow.js';
import { temperatureCurves } from './temperatureCurves.js';

/** The part of a comparison that any split has. */
export type ValidationComparison = Pick<ComparisonReport, 'split' | 'rows' | 'pairs' | 'numPairsLeftOut' | 'runsLeftOut'>;

/** Judges the claims of the sweep whose runs these are, by what was read of them. */
export type JudgeSweep = (reports: readonly RunReport[], predictionsOf: PredictionsOf) => Promise<readonly ClaimVerdict[]>;

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
  batchSizeCurves: SystemCurve[];
  /** Of systems that differ in method, loss or batch size: one run's clips in the plane. */
  maps: SystemMap[];
  mapsLeftOut: MapLeftOut[];
  table1: PaperTable1Row[] | undefined;
  table2: PaperRow[] | undefined;
  /** The paper's claims; undefined where its tables are not shown. */
  verdicts: ClaimVerdict[] | undefined;
  /** Those that a sweep file makes about its systems. */
  sweepClaims?: readonly ClaimVerdict[] | undefined;
  /** Beside tests: all runs on validation clips, where some were not tested; or why that cannot be. */
  onValidation?: ValidationComparison | { refused: string };
}

/**
 * Groups the runs into systems and tests them against each other, on the test clips, or on validation clips where no run was tested; where
 * only some were, on both. Undefined for runs without evaluations. Throws UsageError in one line: other datasets, mixed front ends, folds missing.
 */
export async function compareRuns(
  reports: readonly RunReport[],
  {
    replicates = comparisonReplicates,
    isPaperShown,
    judgeSweep,
    variants,
    layout,
  }: {
    replicates?: number;
    /** Of the systems' maps. */
    layout?: MapLayout | undefined;
    judgeSweep?: JudgeSweep | undefined;
    /** Names of systems by run, where a sweep file gives some. */
    variants?: ReadonlyMap<string, string> | undefined;
    /** The paper's tables, curves and claims; default: where the data are the paper's. */
    isPaperShown?: boolean;
  } = {},
): Promise<ComparisonReport | undefined> {
  const predictionsOf = predictionsReader();
  const onTest = await readEvaluatedRuns(reports, 'test', predictionsOf);
  const split = onTest.length > 0 ? 'test' : 'validation';
  const evaluated = onTest.length > 0 ? onTest : await readEvaluatedRuns(reports, 'validation', predictionsOf);
  if (evaluated.length === 0) return undefined;
  const { systems, ...compared } = compareEvaluated(reports, evaluated, { split, replicates, variants });
  const { rows, pairs } = compared;
  const hasPaper = isPaperShown ?? systems.some(isPaperData);
  const ownCurves = (curves: SystemCurve[]) => (hasPaper ? curves : curves.map(withoutPublished));
  const onValidation =
    split === 'test' && compared.runsLeftOut.length > 0 ? await compareOnValidation(reports, { replicates, variants }) : undefined;
  const { maps, leftOut: mapsLeftOut } = await systemMaps(rows, reports, { layout });
  return {
    ...compared,
    alphaCurves: ownCurves(alphaCurves(rows)),
    temperatureCurves: ownCurves(temperatureCurves(rows, reports)),
    batchSizeCurves: batchSizeCurves(rows),
    maps,
    mapsLeftOut,
    table1: hasPaper ? paperTable1(rows, pairs) : undefined,
    table2: hasPaper ? paperTable2(rows) : undefined,
    verdicts: hasPaper ? claimVerdicts({ systems, replicates, analyses: await readAnalysedRuns(reports, split) }) : undefined,
    ...(judgeSweep !== undefined && { sweepClaims: await judgeSweep(reports, predictionsOf) }),
    ...(onValidation !== undefined && { onValidation }),
  };
}

/** Systems and their differences on the clips of one split. */
function compareEvaluated(
  reports: readonly RunReport[],
  evaluated: readonly EvaluatedRun[],
  { split, replicates, variants }: { split: 'test' | 'validation'; replicates: number; variants?: ReadonlyMap<string, string> | undefined },
): ValidationComparison & { systems: System[] } {
  const systems = groupSystems(evaluated, variants);
  checkSystems(systems);
  const { pairs, numLeftOut } = comparedPairs(systems);
  const used = new Set(evaluated.map(({ run }) => run));
  return {
    systems,
    split,
    rows: systems.map((system) => systemRow(system, reports, replicates)),
    pairs: pairs.map(([a, b]) => compareSystems(a, b, { replicates })),
    numPairsLeftOut: numLeftOut,
    runsLeftOut: reports.flatMap(({ name }) => (used.has(name) ? [] : [name])),
  };
}

/** All runs that were evaluated on validation clips; what stands in the way of it does not stand in the way of the tests. */
async function compareOnValidation(
  reports: readonly RunReport[],
  options: { replicates: number; variants?: ReadonlyMap<string, string> | undefined },
): Promise<ComparisonReport['onValidation']> {
  try {
    const evaluated = await readEvaluatedRuns(reports, 'validation');
    if (evaluated.length === 0) return undefined;
    const { systems: _systems, ...compared } = compareEvaluated(reports, evaluated, { split: 'validation', ...options });
    return compared;
  } catch (error) {
    if (error instanceof UsageError) return { refused: errorText(error).replace(/^report: /, '') };
    throw error;
  }
}
