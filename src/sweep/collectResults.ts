import type { LabelFreeScores } from '../report/scoreCorrelations.js';
import { type EvaluationRecord, readEvaluations } from '../run/evaluationRecord.js';
import { type RunLog, readLog } from '../run/readLog.js';
import { runFolder } from '../run/runFolder.js';
import type { PlannedRun, SweepRun } from './expandSweep.js';
import { isTrained, matchesEvaluation } from './runState.js';
import type { SweepEvaluation } from './sweepFile.js';
import type { SweepFolder } from './sweepFolder.js';

/** One evaluation of one run. */
export interface SweepResult {
  run: SweepRun;
  evaluation: SweepEvaluation;
  config: unknown;
  record: EvaluationRecord;
  /** The record's file under evaluations/, without its ending. */
  recordName: string;
  /** Of the training, over all its parts. */
  trainingSeconds: number | null;
  /** Most memory that the training's process held; null where an earlier version of audiossl did not say. */
  peakMebibytes: number | null;
  /** Of the look at the weights that were evaluated. */
  scores: LabelFreeScores;
}

export interface CollectedResults {
  results: SweepResult[];
  /** Runs that are not complete: what is missing of each. */
  missing: { run: SweepRun; what: string[] }[];
}

/** What a run folder says of its training and its evaluations. */
export interface RunRecords {
  log: Pick<RunLog, 'end' | 'monitors'>;
  evaluations: readonly { name: string; record: EvaluationRecord }[];
}

/**
 * Everything that is there of the runs, in their order; nothing is computed.
 * @param known what was read of a run folder before, which is not read again
 */
export async function collectResults(
  folder: SweepFolder,
  runs: readonly PlannedRun[],
  { known = () => undefined }: { known?: (dir: string) => RunRecords | undefined } = {},
): Promise<CollectedResults> {
  const results: SweepResult[] = [];
  const missing: CollectedResults['missing'] = [];
  for (const run of runs) {
    const paths = runFolder(folder.run(run.name));
    const { log, evaluations } = known(paths.dir) ?? { log: await readLog(paths.log), evaluations: await readEvaluations(paths) };
    const isDone = await isTrained(paths, log);
    const trainingSeconds = log.end?.seconds ?? null;
    const peakMebibytes = log.end?.peakMebibytes ?? null;
    const as = { seed: run.seed, options: run.config.evaluation };
    const what = isDone ? [] : ['training'];
    for (const evaluation of run.evaluations) {
      const found = isDone ? evaluations.find(({ record }) => matchesEvaluation(record, evaluation, as)) : undefined;
      if (found === undefined) what.push(describeEvaluation(evaluation));
      else {
        const { record, name: recordName } = found;
        const scores = log.monitors.find(({ epoch }) => epoch === record.checkpointEpoch) ?? {};
        results.push({ run, evaluation, config: run.config, record, recordName, trainingSeconds, peakMebibytes, scores });
      }
    }
    if (what.length > 0) missing.push({ run, what });
  }
  return { results, missing };
}

/** `linear on test`, `linear, 10 % of the labels on validation`, `linear, 5 shots, checkpoint last on test`. */
export function describeEvaluation({ protocol, split, labelFraction, shots, trainOn, checkpoint }: SweepEvaluation): string {
  const how = [
    protocol,
    ...(labelFraction === undefined ? [] : [`${Number((100 * labelFraction).toPrecision(6))} % of the labels`]),
    ...(shots === undefined ? [] : [`${shots} shots`]),
    ...(trainOn === undefined ? [] : [`labels of ${trainOn}`]),
    ...(checkpoint === 'best' ? [] : [`checkpoint ${checkpoint}`]),
  ].join(', ');
  return `${how} on ${split}`;
}
