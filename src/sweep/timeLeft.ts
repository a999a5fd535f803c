import { describeEvaluation } from './collectResults.js';
import type { PlannedRun } from './expandSweep.js';
import { type Stage, stagesOf } from './stages.js';

/** How long the rest of a sweep takes, from what its stages took so far. */
export interface TimeKeeper {
  start(run: PlannedRun, stage: Stage): void;
  /** `seconds` is undefined for a stage that was done before. */
  end(run: PlannedRun, stage: Stage, seconds: number | undefined): void;
  /** The run will not go on: it failed. */
  drop(run: PlannedRun): void;
  /** Seconds; undefined until there is something to go by. `epochOf` says how many epochs a training under way has behind it. */
  left(epochOf: (run: PlannedRun) => number): number | undefined;
}

/**
 * A stage is expected to take as long as those like it did on average: trainings by the epoch, evaluations of one protocol, both apart for
 * baselines. A training under way counts as well, so that the first hour has a figure too. Evaluations unknown so far count as nothing.
 */
export function createTimeKeeper(runs: readonly PlannedRun[], { jobs, now = Date.now }: { jobs: number; now?: () => number }): TimeKeeper {
  const pending = new Map<string, { run: PlannedRun; stage: Stage; startedAt?: number }>();
  for (const run of runs) {
    for (const stage of stagesOf(run)) pending.set(keyOf(run, stage), { run, stage });
  }
  const seen = new Map<string, { seconds: number; units: number }>();
  const add = (kind: string, seconds: number, units: number) => {
    const before = seen.get(kind) ?? { seconds: 0, units: 0 };
    seen.set(kind, { seconds: before.seconds + seconds, units: before.units + units });
  };
  return {
    start(run, stage) {
      const entry = pending.get(keyOf(run, stage));
      if (entry) entry.startedAt = now();
    },
    end(run, stage, seconds) {
      pending.delete(keyOf(run, stage));
      if (seconds !== undefined) add(kindOf(run, stage), seconds, unitsOf(run, stage));
    },
    drop(run) {
      for (const stage of stagesOf(run)) pending.delete(keyOf(run, stage));
    },
    left(epochOf) {
      const rates = new Map(seen);
      const elapsed = (startedAt: number) => (now() - startedAt) / 1000;
      for (const { run, stage, startedAt } of pending.values()) {
        const epochs = startedAt !== undefined && stage.kind === 'training' ? epochOf(run) : 0;
        if (epochs === 0 || startedAt === undefined) continue;
        const { seconds, units } = rates.get(kindOf(run, stage)) ?? { seconds: 0, units: 0 };
        rates.set(kindOf(run, stage), { seconds: seconds + elapsed(startedAt), units: units + epochs });
      }
      let total = 0;
      for (const { run, stage, startedAt } of pending.values()) {
        const rate = rates.get(kindOf(run, stage));
        if (rate === undefined && stage.kind === 'training') return undefined;
        const expected = rate === undefined ? 0 : (rate.seconds / rate.units) * unitsOf(run, stage);
        total += startedAt === undefined ? expected : Math.max(0, expected - elapsed(startedAt));
      }
      return total / Math.max(1, Math.min(jobs, new Set([...pending.values()].map(({ run }) => run.name)).size));
    },
  };
}

function keyOf({ name }: PlannedRun, stage: Stage): string {
  return `${name} ${stageName(stage)}`;
}

function kindOf({ baseline }: PlannedRun, stage: Stage): string {
  return `${baseline ?? ''} ${stageName(stage)}`;
}

function stageName(stage: Stage): string {
  return stage.kind === 'training' ? 'training' : describeEvaluation(stage.evaluation);
}

function unitsOf({ config }: PlannedRun, stage: Stage): number {
  return stage.kind === 'training' ? Math.max(1, config.train.epochs) : 1;
}
