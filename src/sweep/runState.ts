import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import type { EvaluationOptions } from '../eval/evaluationOptions.js';
import { protocolOptions } from '../eval/writeEvaluationFiles.js';
import { chosenOptions, type EvaluationRecord, readEvaluations } from '../run/evaluationRecord.js';
import { type RunLog, readLog } from '../run/readLog.js';
import { type RunFolder, runFolder } from '../run/runFolder.js';
import { canonicalJson, sha256OfFile } from '../util/hash.js';
import type { SweepEvaluation } from './sweepFile.js';

/** The training came to its end: its log says so (read here where it is not given), and the last checkpoint is there. */
export async function isTrained(run: RunFolder, log?: Pick<RunLog, 'end'>): Promise<boolean> {
  const { end } = log ?? (await readLog(run.log));
  return end !== undefined && end.reason !== 'interrupted' && end.reason !== 'paused' && existsSync(run.lastCheckpoint);
}

/**
 * The training came to its end, or to a pause after that epoch. The record of the epoch alone does not say so: it is written before the look
 * and the checkpoint.
 */
export async function isTrainedUntil(run: RunFolder, epoch: number): Promise<boolean> {
  const log = await readLog(run.log);
  if (await isTrained(run, log)) return true;
  return log.end?.reason === 'paused' && log.end.epoch >= epoch && existsSync(run.lastCheckpoint);
}

/** By what a sweep knows its own evaluations of a run. */
export interface EvaluatedAs {
  seed: number;
  /** Of the run's config. */
  options: EvaluationOptions;
}

/** The record of an evaluation of the run's present checkpoint; undefined where it was not made, or of earlier weights. */
export async function findEvaluation(run: RunFolder, wanted: SweepEvaluation, as: EvaluatedAs): Promise<EvaluationRecord | undefined> {
  const matches = (await readEvaluations(run)).map(({ record }) => record).filter((record) => matchesEvaluation(record, wanted, as));
  if (matches.length === 0) return undefined;
  const path = { best: run.bestCheckpoint, last: run.lastCheckpoint, whitened: run.whitenedCheckpoint }[wanted.checkpoint];
  if (!existsSync(path)) return undefined;
  const sha256 = await sha256OfFile(path);
  return matches.find((record) => record.checkpointSha256 === sha256);
}

/** Whether a record is of the evaluation wanted, whatever the weights. */
export function matchesEvaluation(
  record: EvaluationRecord,
  { protocol, split, checkpoint, trainOn, labelFraction, shots }: SweepEvaluation,
  { seed, options }: EvaluatedAs,
): boolean {
  const isWanted = record.protocol === protocol && record.split === split && record.checkpoint === checkpoint && record.seed === seed;
  const isSame = <T>(value: T | null, asked: T | undefined) => value === (asked ?? null);
  // All labels are no limit: records say null of them.
  const share = labelFraction === 1 ? undefined : labelFraction;
  const isLimited = isSame(record.trainOn, trainOn) && isSame(record.labelFraction, share) && isSame(record.shots, shots);
  // Evaluations over other folds, on other data or with other options, made by hand in the same folder, are none of the sweep's.
  const isPlain = record.dataset === null && record.fold === null && record.folds.length === 0;
  return isWanted && isLimited && isPlain && isChosenAlike(record, protocolOptions(protocol, options));
}

/** Options that the record does not tell say nothing against it. */
function isChosenAlike(record: EvaluationRecord, wanted: Record<string, unknown>): boolean {
  return Object.entries(chosenOptions(record)).every(([key, value]) => canonicalJson(value) === canonicalJson(wanted[key]));
}

/**
 * A training killed while it wrote its very first file leaves a temporary file in a folder that is no run yet; that is taken away, so that
 * the run can start anew. Whatever holds a config or anything else is left alone.
 */
export async function clearStillborn(dir: string): Promise<void> {
  if (!existsSync(dir) || existsSync(runFolder(dir).config)) return;
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const isRubbish = entries.every((entry) =>
    entry.isDirectory() ? /^(checkpoints|evaluations)$/.test(entry.name) : /^\..*\.tmp$/.test(entry.name),
  );
  if (isRubbish) await rm(dir, { recursive: true });
}
