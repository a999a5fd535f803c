import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { runFolder } from '../../run/runFolder.js';
import type { PlannedRun } from '../../sweep/expandSweep.js';
import type { SweepEvents } from '../../sweep/runSweep.js';
import type { SweepFolder } from '../../sweep/sweepFolder.js';
import { createTimeKeeper } from '../../sweep/timeLeft.js';
import { formatDuration } from '../../util/progress.js';

/** On a terminal the state is drawn anew so often; elsewhere a line comes at the end of a run and after so long a silence. */
const REDRAW_MS = 1000;
const LONGEST_SILENCE_MS = 600_000;

/** Shows a sweep on standard error: a line a run, and the state with the time left. */
export function showSweep({ folder, runs, jobs }: { folder: SweepFolder; runs: readonly PlannedRun[]; jobs: number }): {
  events: Required<SweepEvents>;
  finish(): void;
} {
  const isTerminal = process.stderr.isTTY === true;
  const keeper = createTimeKeeper(runs, { jobs });
  const training = new Map<string, PlannedRun>();
  let numDone = 0;
  const epochOf = ({ name }: PlannedRun) => Math.max(0, lastEpoch(runFolder(folder.run(name)).log) - 1);
  const state = () => {
    const under = [...training.values()].map((run) => `${run.name} epoch ${epochOf(run) + 1}/${run.config.train.epochs}`);
    const left = keeper.left(epochOf);
    return [`${numDone}/${runs.length} runs`, ...under, ...(left === undefined ? [] : [`${formatDuration(left)} left`])].join(', ');
  };
  const draw = () => {
    const text = `Sweep ${state()}`;
    const width = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(isTerminal ? `\r${text.length > width ? `${text.slice(0, width - 1)}…` : text}\x1b[K` : `${text}\n`);
  };
  const line = (text: string) => process.stderr.write(isTerminal ? `\r\x1b[K${text}\n` : `${text}\n`);
  const timer = setInterval(draw, isTerminal ? REDRAW_MS : LONGEST_SILENCE_MS);
  timer.unref();
  return {
    events: {
      onStageStart(run, stage) {
        keeper.start(run, stage);
        if (stage.kind === 'training' && run.config.train.epochs > 0) training.set(run.name, run);
      },
      onStageEnd(run, stage, seconds) {
        keeper.end(run, stage, seconds);
        if (stage.kind === 'training') training.delete(run.name);
      },
      onRunEnd(run, { errors, wasDone }) {
        numDone++;
        training.delete(run.name);
        keeper.drop(run);
        const what = errors.length > 0 ? `failed: ${errors[0]}` : wasDone ? 'was done before' : 'done';
        const left = keeper.left(epochOf);
        const time = wasDone || left === undefined || numDone === runs.length ? '' : `, ${formatDuration(left)} left`;
        line(`${numDone}/${runs.length} ${run.name} ${what}${time}`);
      },
    },
    finish() {
      clearInterval(timer);
      if (isTerminal) process.stderr.write('\r\x1b[K');
    },
  };
}

/** The epoch of the last whole record of a log, read from its end: logs grow long. 0 where there is none. */
function lastEpoch(path: string): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return 0;
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, 8192));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const records = [...bytes.toString('utf8').matchAll(/"kind":"(?:step|epoch|monitor)".*?"epoch":(\d+)/g)];
    return Number(records.at(-1)?.[1] ?? 0);
  } finally {
    closeSync(file);
  }
}
