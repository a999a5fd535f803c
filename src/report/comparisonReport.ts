import { UsageError } from '../util/errors.js';
import { alphaCurves } from './alphaCurves.js';
import { batchSizeCurves } from './batchSizeCurves.js';
import type { RunReport } from './collectRun.js';
import { comparedPairs } from './comparedPairs.js';
import { checkSystems } from './comparison/checkComparable.js';
import { type ClaimVerdict, claimVerdicts } from './comparison/claims.js';
import { compareSystems, comparisonReplicates, type SystemComparison } from './comparison/compareSystems.js';
import { readEvaluatedRuns } from './comparison/evaluatedRuns.js';
import { readAnalysedRuns } from './comparison/featureClaim.js';
import { groupSystems } from './comparison/systems.js';
import { type PaperRow, type PaperTable1Row, paperTable1, paperTable2 } from './paperTables.js';
import type { SystemCurve } from './systemCurve.js';
import { type SystemMap, systemMaps } from './systemMaps.js';
import { type SystemRow, systemRow } from './systemRow.js';
import { temperatureCurves } from './temperatureCurves.js';

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
  /** Of systems that differ in loss or batch size: one run's clips in the plane. */
  maps: SystemMap[];
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
  checkSystems(systems);
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
    batchSizeCurves: batchSizeCurves(rows),
    maps: await systemMaps(rows, reports),
    table1: paperTable1(rows, compared),
    table2: paperTable2(rows),
    verdicts: claimVerdicts({ systems, replicates, analyses: await readAnalysedRuns(reports, split) }),
  };
}
