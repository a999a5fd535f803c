import { resolve } from 'node:path';
import { chosenOptions, type EvaluationRecord, evaluationPaths } from '../../run/evaluationRecord.js';
import type { MonitorRecord } from '../../run/logRecord.js';
import { type Prediction, readPredictions } from '../../run/predictions.js';
import { runFolder } from '../../run/runFolder.js';
import { UsageError } from '../../util/errors.js';
import { canonicalJson } from '../../util/hash.js';
import type { RunReport } from '../collectRun.js';
import { bestLook } from '../selection.js';

/** One evaluation of one run with what it said about each clip. */
export interface EvaluatedRun {
  /** The run's name in the report. */
  run: string;
  config: unknown;
  /** The evaluation's name. */
  evaluation: string;
  record: EvaluationRecord;
  predictions: readonly Prediction[];
  /** Macro accuracy on the validation clips, by which systems are chosen between: never on the clips they are compared on. Null = unknown. */
  validationScore: number | null;
}

/** The evaluations on `split` of the runs of a report. Throws UsageError for one whose predictions are missing or of other clips than its record. */
export async function readEvaluatedRuns(
  reports: readonly RunReport[],
  split: 'test' | 'validation',
  predictionsOf: PredictionsOf = predictionsReader(),
): Promise<EvaluatedRun[]> {
  const evaluated: EvaluatedRun[] = [];
  for (const report of reports) {
    const records = report.evaluations.map(({ record }) => record);
    for (const { name, record } of report.evaluations) {
      if (record.split !== split || isPartOfPooled(record, records)) continue;
      const predictions = await predictionsOf(report.dir, { name, record });
      evaluated.push({
        run: report.name,
        config: report.config,
        evaluation: name,
        record,
        predictions,
        validationScore: validationScore(report, record),
      });
    }
  }
  return evaluated;
}

/** What an evaluation of the run in `dir` said of each clip. Throws UsageError where that is missing or of other clips than its record. */
export type PredictionsOf = (
  dir: string,
  evaluation: { name: string; record: Pick<EvaluationRecord, 'numClips'> },
) => Promise<readonly Prediction[]>;

/** Reads each file once, however many comparisons and claims ask for it; what was read stays in memory as long as the function does. */
export function predictionsReader(): PredictionsOf {
  const known = new Map<string, ReturnType<PredictionsOf>>();
  return (dir, evaluation) => {
    const file = evaluationPaths(runFolder(resolve(dir)), evaluation.name).predictions;
    const predictions = known.get(file) ?? checkedPredictions(dir, evaluation);
    known.set(file, predictions);
    return predictions;
  };
}

async function checkedPredictions(
  dir: string,
  { name, record }: { name: string; record: Pick<EvaluationRecord, 'numClips'> },
): Promise<readonly Prediction[]> {
  const read = await readPredictions(runFolder(dir), name);
  if (read === undefined) {
    throw new UsageError(
      `report: a comparison needs the predictions of every run, ${dir} lacks evaluations/${name}.predictions.csv; evaluate it again`,
    );
  }
  if (read.predictions.length !== record.numClips) {
    throw new UsageError(
      `report: ${dir}: evaluations/${name}.predictions.csv must hold the ${record.numClips} clips of its record, holds ${read.predictions.length}; evaluate it again`,
    );
  }
  return read.predictions;
}

/** All that tells one way of evaluating from another, but for the folds and the seed. */
export function protocolKey(record: EvaluationRecord): string {
  const { protocol, checkpoint, labelFraction, shots, dataset, trainOn } = record;
  return canonicalJson([protocol, checkpoint, labelFraction, shots, dataset, trainOn, isKFold(record), chosenOptions(record)]);
}

/** The evaluation made folds of its own: the encoder has seen its test clips, other than where the run's split keeps them away. */
export function isKFold({ fold, folds }: EvaluationRecord): boolean {
  return fold !== null || folds.length > 0;
}

/** A fold of a k-fold evaluation whose clips stand in a record of all folds as well. */
function isPartOfPooled(record: EvaluationRecord, records: readonly EvaluationRecord[]): boolean {
  const { fold, seed, split } = record;
  return (
    fold !== null &&
    records.some(
      (other) =>
        other.folds.some(({ fold: name }) => name === fold) &&
        other.seed === seed &&
        other.split === split &&
        protocolKey(other) === protocolKey(record),
    )
  );
}

function validationScore(report: RunReport, record: EvaluationRecord): number | null {
  const twin = report.evaluations.find(
    ({ record: other }) => other.split === 'validation' && other.seed === record.seed && protocolKey(other) === protocolKey(record),
  );
  if (twin) return twin.record.clipMacroAccuracy;
  const own = record.options.validationClipMacroAccuracy;
  if (typeof own === 'number') return own;
  const look = lookAt(report, record.checkpoint);
  if (record.protocol === 'classifier') return look?.clipMacroAccuracy ?? null;
  if (record.protocol === 'knn') return look?.knnClipMacroAccuracy ?? null;
  return null;
}

/** The look at the validation clips of the weights that were evaluated; unknown for a file given by its path. */
function lookAt({ log }: Pick<RunReport, 'log'>, checkpoint: string): MonitorRecord | undefined {
  if (checkpoint === 'best') return bestLook({ log });
  return checkpoint === 'last' ? log.monitors.at(-1) : undefined;
}
