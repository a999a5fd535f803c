import type { SweepRun } from '../../sweep/expandSweep.js';
import type { StageRunner } from '../../sweep/runSweep.js';
import { spawnStage } from '../../sweep/spawnStage.js';
import type { SweepEngine } from '../../sweep/sweepEngine.js';
import type { SweepFolder } from '../../sweep/sweepFolder.js';
import type { SweepLock } from '../../sweep/sweepLock.js';
import { InterruptedError } from '../interruptible.js';
import { stageArguments } from './stageArguments.js';

/** Executes the stages of a sweep's runs, each in a process of its own, which the sweep's lock names while it lives. */
export function stageRunner({
  folder,
  engine,
  program,
  signal,
  lock,
  storeOf,
}: {
  folder: SweepFolder;
  engine: SweepEngine;
  program: readonly [string, ...string[]];
  signal: AbortSignal;
  /** Absent: whoever starts the runs sees to it that each has one process. */
  lock?: Pick<SweepLock, 'add' | 'remove'>;
  storeOf: (run: SweepRun) => string;
}): StageRunner {
  return async (run, stage) => {
    let pid: number | undefined;
    const error = await spawnStage({
      program,
      args: stageArguments(run, stage, { folder, store: storeOf(run), engine }),
      log: folder.log(run.name),
      signal,
      stopSignal: () => (signal.reason instanceof InterruptedError ? signal.reason.signal : 'SIGTERM'),
      onSpawn(child) {
        pid = child;
        lock?.add(child, run.name);
      },
    });
    if (pid !== undefined) lock?.remove(pid);
    return error;
  };
}
