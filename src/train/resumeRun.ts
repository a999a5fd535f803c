import { readFile } from 'node:fs/promises';
import type { ResolvedSplit } from '../data/resolveSplit.js';
import { learningRateAt, type ScheduleOptions } from '../optim/learningRateAt.js';
import type { StartRecord } from '../run/logRecord.js';
import { readLog } from '../run/readLog.js';
import type { RunFolder } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { type CheckpointFacts, readTrainingCheckpoint, type TrainingTensors } from './checkpointFile.js';
import type { TrainingState } from './trainingState.js';

/** How long a run trains, and by what schedule of the learning rate. */
export interface TrainingPace {
  epochs: number;
  schedule: ScheduleOptions;
  /** The base rate. */
  learningRate: number;
}

/**
 * Takes up a run at its last checkpoint: puts its values into `tensors` and returns where training goes on. The run must see the clips it
 * has seen before, with the settings it had; it may only last longer or shorter. Throws UsageError, having written nothing, where it cannot.
 */
export async function resumeRun({
  who,
  run,
  split,
  tensors,
  facts,
  pace,
}: {
  who: string;
  run: RunFolder;
  split: ResolvedSplit;
  tensors: TrainingTensors;
  facts: CheckpointFacts;
  pace: TrainingPace;
}): Promise<TrainingState> {
  if (sha256(await readFile(run.split)) !== split.sha256) {
    throw new UsageError(
      `${who}: --resume needs the clips the run was started with, ${run.split} has others; give the same --data or --features, --seed and data settings, or start a new run`,
    );
  }
  const { state, epochs } = await readTrainingCheckpoint(run.lastCheckpoint, tensors, facts);
  checkPace(who, { state, before: epochs, now: pace });
  return state;
}

/**
 * The epochs of a run may change at a resume as long as the steps behind it stay those that its config describes: a schedule that ends with
 * the last epoch would have led it there by other learning rates, and would now jump.
 */
export function checkPace(
  who: string,
  { state, before, now }: { state: Pick<TrainingState, 'epoch' | 'batch'>; before: number; now: TrainingPace },
): void {
  const { epochs, schedule, learningRate: base } = now;
  const epochsDone = state.epoch - 1;
  if (epochsDone > epochs)
    throw new UsageError(`${who}: train.epochs must be at least the ${epochsDone} epochs that the run has behind it, got ${epochs}`);
  const epochsBegun = state.batch > 0 ? state.epoch : epochsDone;
  const [was, is] = [before, epochs].map((length) => learningRateAt(schedule, { base, epoch: epochsBegun, epochs: length }));
  if (was === is) return;
  throw new UsageError(
    `${who}: with schedule.name ${schedule.name} train.epochs must stay ${before}, got ${epochs}: the learning rate after epoch ${epochsBegun} would jump from ${rate(was)} to ${rate(is)}; set train.epochs=${before}, or start a new run (train.initialise can begin it with this one's encoder)`,
  );
}

type Engine = Pick<StartRecord, 'backend' | 'device' | 'precision' | 'threads' | 'ranks'>;

/** What computes now and what did before, where they differ: a resume is bit-identical on the same engine only. */
export async function engineChange(logFile: string, now: Engine): Promise<string | undefined> {
  const engine = ({ backend, device, precision, threads, ranks = 1 }: Engine) =>
    `${backend} ${device} ${precision} ${threads} threads${ranks === 1 ? '' : ` on each of ${ranks} ranks`}`;
  const before = (await readLog(logFile)).starts.at(-1);
  if (before === undefined || engine(before) === engine(now)) return undefined;
  return `resumed on ${engine(now)}, before it was ${engine(before)}: from here on not bit-identical to an undisturbed run`;
}

function rate(value: number): string {
  return String(Number(value.toPrecision(3)));
}
