import { runFolder } from '../run/runFolder.js';
import { errorText } from '../util/errors.js';
import type { SweepRun } from './expandSweep.js';
import { clearStillborn, findEvaluation, isTrained } from './runState.js';
import type { SweepEvaluation } from './sweepFile.js';
import type { SweepFolder } from './sweepFolder.js';

/** One command of a run: its training, or one of its evaluations. */
export type Stage = { kind: 'training' } | { kind: 'evaluation'; evaluation: SweepEvaluation };

/** What executes a stage; resolves to undefined when it went well, else to its error in one line. */
export type StageRunner = (run: SweepRun, stage: Stage, signal: AbortSignal | undefined) => Promise<string | undefined>;

export interface SweepEvents {
  onStart?: (run: SweepRun) => void;
  /** A stage was executed, or found to be done already. */
  onStage?: (run: SweepRun, stage: Stage, seconds: number | undefined) => void;
  onEnd?: (run: SweepRun, errors: readonly string[]) => void | Promise<void>;
}

export interface SweepOutcome {
  failures: { run: SweepRun; errors: string[] }[];
}

/**
 * Executes what is missing of the runs, `jobs` of them at a time, in their order. A run that fails does not stop the others.
 * When `signal` is aborted no stage is started any more; those under way are waited for.
 */
export async function runSweep({
  folder,
  runs,
  jobs,
  runStage,
  signal,
  onStart,
  onStage,
  onEnd,
}: {
  folder: SweepFolder;
  runs: readonly SweepRun[];
  jobs: number;
  runStage: StageRunner;
  signal?: AbortSignal;
} & SweepEvents): Promise<SweepOutcome> {
  const failures: SweepOutcome['failures'] = [];
  const queue = [...runs];
  const work = async () => {
    for (let run = queue.shift(); run !== undefined && !signal?.aborted; run = queue.shift()) {
      onStart?.(run);
      const errors = await execute(run);
      if (signal?.aborted) return;
      if (errors.length > 0) failures.push({ run, errors });
      await onEnd?.(run, errors);
    }
  };

  const execute = async (run: SweepRun): Promise<string[]> => {
    const errors: string[] = [];
    const stages: Stage[] = [{ kind: 'training' }, ...run.evaluations.map((evaluation): Stage => ({ kind: 'evaluation', evaluation }))];
    for (const stage of stages) {
      if (signal?.aborted) break;
      try {
        const isDone = await isStageDone(folder, run, stage);
        const start = performance.now();
        const error = isDone ? undefined : await runStage(run, stage, signal);
        if (error === undefined) onStage?.(run, stage, isDone ? undefined : (performance.now() - start) / 1000);
        else errors.push(error);
      } catch (error) {
        errors.push(errorText(error));
      }
      // Without weights there is nothing to evaluate; the evaluations do not need one another.
      if (errors.length > 0 && stage.kind === 'training') break;
    }
    return errors;
  };

  await Promise.all(Array.from({ length: Math.min(jobs, runs.length) }, work));
  return { failures };
}

async function isStageDone(folder: SweepFolder, run: SweepRun, stage: Stage): Promise<boolean> {
  const dir = folder.run(run.name);
  if (stage.kind === 'evaluation') return (await findEvaluation(runFolder(dir), stage.evaluation, run.seed)) !== undefined;
  await clearStillborn(dir);
  return isTrained(runFolder(dir));
}
