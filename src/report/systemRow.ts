import { type SeedSummary, seedSummary } from '../eval/statistics/seedSummary.js';
import type { EvaluationRecord } from '../run/evaluationRecord.js';
import type { RunReport } from './collectRun.js';
import { protocolKey } from './comparison/evaluatedRuns.js';
import type { System } from './comparison/system.js';
import { type SystemScores, systemScores } from './comparison/systemScores.js';

/** One system with its numbers: a row of the table of systems. */
export interface SystemRow extends SystemScores {
  system: System;
  /** Over seeds, folds pooled; null where a record lacks it. */
  patchWeighted: SeedSummary | null;
  top3: SeedSummary | null;
}

export function systemRow(system: System, reports: readonly RunReport[], replicates: number): SystemRow {
  const bySeed = system.seeds.map((seed) => recordsOf(system, seed, reports));
  return {
    system,
    ...systemScores(system, { seed: 0, replicates }),
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
