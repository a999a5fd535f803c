import { rm } from 'node:fs/promises';
import { runFolder } from '../run/runFolder.js';
import { errorText } from '../util/errors.js';
import type { PlannedRun } from './expandSweep.js';
import { clearStillborn, findEvaluation, isTrained, isTrainedUntil } from './runState.js';
import { type Stage, stagesOf } from './stages.js';
import type { SweepFolder } from './sweepFolder.js';

/** What executes a stage; resolves to undefined when it went well, else to its error in one line. */
export type StageRunner = (run: PlannedRun, stage: Stage) => Promise<string | undefined>;

export interface SweepEvents {
  onStageStart?: (run: PlannedRun, stage: Stage) => void;
  /** A stage was executed, in so many seconds, or found to be done before (undefined). */
  onStageEnd?: (run: PlannedRun, stage: Stage, seconds: number | undefined) => void;
  /** `wasDone`: nothing was left to do. */
  onRunEnd?: (run: PlannedRun, end: { errors: readonly string[]; wasDone: boolean }) => void | Promise<void>;
}

export interface SweepOutcome {
  failures: { run: PlannedRun; errors: string[] }[];
}

/**
 * Executes what is missing of the runs, `jobs` of them at a time, in their order. A run that fails does not stop the others.
 * The embeddings that a run keeps for its evaluations go when all are done. When `signal` is aborted no stage is started any more; those under way are waited for.
 */
export async function runSweep({
  folder,
  runs,
  jobs,
  untilEpoch,
  runStage,
  signal,
  onStageStart,
  onStageEnd,
  onRunEnd,
}: {
  folder: SweepFolder;
  runs: readonly PlannedRun[];
  jobs: number;
  /** Trainings pause after this epoch. */
  untilEpoch?: number;
  runStage: StageRunner;
  signal?: AbortSignal;
} & SweepEvents): Promise<SweepOutcome> {
  const failures: SweepOutcome['failures'] = [];
  const queue = [...runs];

  const execute = async (run: PlannedRun): Promise<{ errors: string[]; wasDone: boolean }> => {
    const errors: string[] = [];
    let wasDone = true;
    for (const stage of stagesOf(run, untilEpoch)) {
      if (signal?.aborted) break;
      try {
        if (await isStageDone(folder, run, stage)) {
          onStageEnd?.(run, stage, undefined);
          continue;
        }
        // It may have been stopped while the records were read; a command started now would never hear of it.
        if (signal?.aborted) break;
        wasDone = false;
        onStageStart?.(run, stage);
        const start = performance.now();
        const error = await runStage(run, stage);
        if (error === undefined) onStageEnd?.(run, stage, (performance.now() - start) / 1000);
        else errors.push(error);
      } catch (error) {
        wasDone = false;
        errors.push(errorText(error));
      }
      // Without weights there is nothing to evaluate; the evaluations do not need one another.
      if (errors.length > 0 && stage.kind === 'training') break;
    }
    // They serve the evaluations of one run; those of all runs of a sweep would fill a disk.
    if (!wasDone && errors.length === 0 && !signal?.aborted)
      await rm(runFolder(folder.run(run.name)).embeddings, { recursive: true, force: true });
    return { errors, wasDone };
  };

  const work = async () => {
    for (let run = queue.shift(); run !== undefined && !signal?.aborted; run = queue.shift()) {
      const end = await execute(run);
      if (signal?.aborted) return;
      if (end.errors.length > 0) failures.push({ run, errors: end.errors });
      await onRunEnd?.(run, end);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, runs.length) }, work));
  return { failures };
}

async function isStageDone(folder: SweepFolder, run: PlannedRun, stage: Stage): Promise<boolean> {
  const dir = folder.run(run.name);
  if (stage.kind === 'evaluation') {
    const as = { seed: run.seed, options: run.config.evaluation };
    return (await findEvaluation(runFolder(dir), stage.evaluation, as)) !== undefined;
  }
  await clearStillborn(dir);
  return stage.untilEpoch === undefined ? isTrained(runFolder(dir)) : isTrainedUntil(runFolder(dir), stage.untilEpoch);
}
