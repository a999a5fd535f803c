import type { SweepResult } from './collectResults.js';
import type { SweepRun } from './expandSweep.js';
import { type PooledScores, poolFolds } from './poolFolds.js';
import type { SweepEvaluation } from './sweepFile.js';

/** Mean and standard deviation (divisor n - 1, null under 2) over seeds. */
export interface OverSeeds {
  mean: number;
  standardDeviation: number | null;
}

/** One system under one protocol on one split. */
export interface SystemSummary {
  system: string;
  evaluation: SweepEvaluation;
  /** Seeds of which every fold is there: only these are in the means. */
  numSeeds: number;
  /** Runs in the means, runs that have this evaluation, and runs that the sweep has. */
  numRuns: number;
  numDone: number;
  numPlanned: number;
  /** Clips of all folds, of one seed. */
  numClips: number;
  /** Median over the runs that are done, and the most memory of any of them; null where none says. */
  trainingSeconds: number | null;
  peakMebibytes: number | null;
  scores: Record<Exclude<keyof PooledScores, 'numClips'>, OverSeeds | null>;
}

const scoreNames = ['clipMicroAccuracy', 'clipMacroAccuracy', 'patchWeightedAccuracy', 'top3Accuracy'] as const;

/** A row a system and evaluation: folds are pooled a seed, then come mean and deviation over the seeds that are complete. */
export function summariseSystems(runs: readonly SweepRun[], results: readonly SweepResult[]): SystemSummary[] {
  const systems = new Map<string, SweepRun[]>();
  for (const run of runs) systems.set(run.system, [...(systems.get(run.system) ?? []), run]);
  const resultOf = new Map(results.map((result) => [keyOf(result.run, result.evaluation), result]));
  return [...systems].flatMap(([system, members]) =>
    members[0].evaluations.map((evaluation): SystemSummary => {
      const seeds = [...new Set(members.map(({ seed }) => seed))];
      const complete = seeds
        .map((seed) => members.filter((run) => run.seed === seed).map((run) => resultOf.get(keyOf(run, evaluation))))
        .filter((folds): folds is SweepResult[] => folds.every((result) => result !== undefined));
      const done = members.flatMap((run) => resultOf.get(keyOf(run, evaluation)) ?? []);
      const pooled = complete.map((folds) => poolFolds(folds.map(({ record }) => record)));
      const scores = Object.fromEntries(scoreNames.map((name) => [name, overSeeds(pooled.map((scores) => scores[name]))]));
      return {
        system,
        evaluation,
        numSeeds: complete.length,
        numRuns: complete.flat().length,
        numDone: done.length,
        numPlanned: members.length,
        numClips: pooled[0]?.numClips ?? 0,
        trainingSeconds: median(done.flatMap(({ trainingSeconds }) => trainingSeconds ?? [])),
        peakMebibytes: done.reduce<number | null>(
          (most, { peakMebibytes }) => (peakMebibytes === null ? most : Math.max(most ?? 0, peakMebibytes)),
          null,
        ),
        scores: scores as SystemSummary['scores'],
      };
    }),
  );
}

function keyOf(run: SweepRun, evaluation: SweepEvaluation): string {
  return JSON.stringify([run.name, Object.entries(evaluation).sort()]);
}

/** The middle one, of an even number the mean of both; null of none. */
function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return sorted.length === 0 ? null : (low + high) / 2;
}

function overSeeds(values: readonly (number | null)[]): OverSeeds | null {
  if (values.length === 0 || values.some((value) => value === null)) return null;
  const numbers = values as readonly number[];
  const mean = numbers.reduce((total, value) => total + value, 0) / numbers.length;
  const squares = numbers.reduce((total, value) => total + (value - mean) ** 2, 0);
  return { mean, standardDeviation: numbers.length < 2 ? null : Math.sqrt(squares / (numbers.length - 1)) };
}
