import type { PlannedRun } from '../../sweep/expandSweep.js';
import { runSweep } from '../../sweep/runSweep.js';
import type { SweepFile } from '../../sweep/sweepFile.js';
import type { SweepFolder } from '../../sweep/sweepFolder.js';
import { requireNoSweep } from '../../sweep/sweepLock.js';
import { checkPlan, readPlan, type SweepPlan, settlePlan } from '../../sweep/sweepPlan.js';
import { AudiosslError, UsageError } from '../../util/errors.js';
import { interruptible } from '../interruptible.js';
import { rankPlace } from '../ranks/rankPlace.js';
import { commandLine, sayNext, sayNextLine } from '../sayNext.js';
import { shellWord } from '../shellWord.js';
import { say } from './say.js';
import { showSweep } from './showSweep.js';
import { stageRunner } from './stageRunner.js';
import type { SweepCommandOptions } from './sweepCommandOptions.js';
import { makeStores, storeOf } from './sweepData.js';
import { takeFolder } from './takeFolder.js';

/** Of the command line: what needs not be said. */
const engineDefaults: Record<string, unknown> = { backend: 'auto', device: 'cpu', precision: 'float32' };

/** What asks for a job array must fit the sweep and how this process was started. Throws UsageError. */
export function checkArray({ file, sweep }: SweepFile, { prepare, task, dryRun, table, jobs }: SweepCommandOptions): void {
  const place = rankPlace(process.env);
  if (place !== undefined)
    throw new UsageError(`sweep: one process makes a run, ${place.launcher} has started ${place.size}; take one, as srun --ntasks 1`);
  if (prepare === undefined && task === undefined) {
    const id = process.env.SLURM_ARRAY_TASK_ID;
    if (id !== undefined && !dryRun && !table)
      say(`task ${id} of a job array begins the whole sweep; with --task it makes run ${id} alone`);
    return;
  }
  const asked = prepare ? '--prepare' : '--task';
  const other = [prepare && task !== undefined && '--task', dryRun && '--dry-run', table && '--table'].find((name) => name);
  if (other) throw new UsageError(`sweep: ${asked} and ${other} are different things, got both; leave one out`);
  if (task !== undefined && jobs > 1) throw new UsageError(`sweep: --task makes one run, got --jobs ${jobs}; leave one out`);
  if (sweep.search !== undefined)
    throw new UsageError(
      `sweep: ${asked} is for runs that do not need one another, ${file} has a search, which compares them on the way; leave it out`,
    );
  if (sweep.transfer !== undefined)
    throw new UsageError(`sweep: ${asked} is for sweeps of one data set, ${file} has transfer; leave it out`);
}

/** Everything that the tasks of a job array need and none of them writes: plan, configs, features. Says the line that starts them. */
export async function prepareArray(
  folder: SweepFolder,
  { file, plan, options }: { file: string; plan: SweepPlan; options: SweepCommandOptions },
): Promise<void> {
  const { runs } = plan;
  await interruptible(async (signal) => {
    const lock = await takeFolder(folder, signal);
    try {
      await settlePlan(folder, plan);
      await makeStores(folder, runs, options, signal);
    } finally {
      await lock.release();
    }
  });
  process.stdout.write(runs.map(({ name }, i) => `${i + 1} ${name}\n`).join(''));
  const { data, features, out, settings, backend, device, precision, threads } = options;
  const args = Object.entries({ data, features, out, settings, backend, device, precision, threads })
    .filter(([name, value]) => value !== undefined && value !== engineDefaults[name])
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  const task = commandLine(['sweep', file, ...args, '--task']);
  sayNextLine(`sbatch --array=1-${runs.length} --cpus-per-task=${plan.engine.threads} --wrap ${shellWord(task)}`);
}

/**
 * One run of a prepared sweep. It writes that run's folder and log and nothing else, so that tasks need no lock, on one machine or on many
 * over a shared disk. `planOf` is what file and command line come to.
 */
export async function sweepTask(
  sweepFile: SweepFile,
  {
    folder,
    options,
    program,
    planOf,
  }: {
    folder: SweepFolder;
    options: SweepCommandOptions;
    program: readonly [string, ...string[]];
    planOf: (file: SweepFile, options: SweepCommandOptions) => Promise<{ plan: SweepPlan }>;
  },
): Promise<void> {
  const { task, source } = taskNumber(options);
  requireNoSweep(folder.lock);
  const before = await readPlan(folder);
  if (before === undefined)
    throw new UsageError(`sweep: --task needs a prepared sweep, ${folder.dir} has no sweep.yaml; give the same line with --prepare first`);
  const threads = options.threads ?? slurmCpus();
  const { plan } = await planOf(sweepFile, { ...options, threads });
  const { runs } = plan;
  // How many threads there were when the runs were written down says nothing about this one.
  await checkPlan(folder, plan);
  const names = before.runs.map(({ name }) => name);
  if (runs.some(({ name }, i) => name !== names[i]))
    throw new UsageError(
      `sweep: ${sweepFile.file} has other runs than ${folder.plan}, whose numbers tasks go by; give the same line with --prepare first`,
    );
  const run: PlannedRun | undefined = runs[task - 1];
  if (run === undefined)
    throw new UsageError(
      `sweep: ${source}: the number must be from 1 to ${runs.length}, the runs of ${sweepFile.file}; sbatch --array=1-${runs.length} starts them all`,
    );
  const store = storeOf(folder, run, options);
  say(`run ${task} of ${runs.length}, ${run.name} (${source})`);
  const errors = await interruptible(async (signal) => {
    const view = showSweep({ folder, runs: [run], jobs: 1 });
    const runStage = stageRunner({ folder, engine: plan.engine, program, signal, storeOf: () => store });
    try {
      const { failures } = await runSweep({ folder, runs: [run], jobs: 1, signal, runStage, ...view.events });
      return failures.flatMap((failure) => failure.errors);
    } finally {
      view.finish();
    }
  });
  if (errors.length > 0)
    throw new AudiosslError(
      `sweep: run ${run.name} failed: ${errors.join('; ')} (${folder.log(run.name)}); the same command tries it again`,
    );
  process.stdout.write(`${folder.run(run.name)}\n`);
  sayNext(['sweep', sweepFile.file, '--out', options.out, '--table']);
}

/** Which run, and who says so. */
function taskNumber({ task }: SweepCommandOptions): { task: number; source: string } {
  if (typeof task === 'number') return { task, source: `--task ${task}` };
  const id = process.env.SLURM_ARRAY_TASK_ID;
  if (id === undefined)
    throw new UsageError('sweep: --task needs the number of a run, as no job array of Slurm gives one (SLURM_ARRAY_TASK_ID)');
  if (!/^\d+$/.test(id)) throw new UsageError(`sweep: SLURM_ARRAY_TASK_ID must be a whole number, got ${id}; or pass --task NUMBER`);
  return { task: Number(id), source: `SLURM_ARRAY_TASK_ID=${id}` };
}

/** Processors of a task, which a cluster need not hold its processes to. */
function slurmCpus(): number | undefined {
  const cpus = process.env.SLURM_CPUS_PER_TASK;
  return cpus !== undefined && /^[1-9]\d*$/.test(cpus) ? Number(cpus) : undefined;
}
