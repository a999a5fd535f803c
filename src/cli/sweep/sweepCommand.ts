import { checkRuns } from '../../sweep/checkRuns.js';
import { settingText } from '../../sweep/chosenSettings.js';
import { describeEvaluation } from '../../sweep/collectResults.js';
import { commonConfig, expandSweep, type PlannedRun } from '../../sweep/expandSweep.js';
import { writeHalvingTables } from '../../sweep/halvingTables.js';
import { chosenFor, readSettings } from '../../sweep/readSettings.js';
import { readHalving, runHalving } from '../../sweep/runHalving.js';
import { runSweep } from '../../sweep/runSweep.js';
import { readSweepFile, type SweepFile } from '../../sweep/sweepFile.js';
import { type SweepFolder, sweepFolder } from '../../sweep/sweepFolder.js';
import { checkPlan, readPlan, type SweepPlan, settlePlan, withConfigs } from '../../sweep/sweepPlan.js';
import { writeTables } from '../../sweep/sweepTables.js';
import { AudiosslError, UsageError } from '../../util/errors.js';
import { pickBackend } from '../backendOptions.js';
import { interruptible } from '../interruptible.js';
import { sayNext } from '../sayNext.js';
import { checkArray, prepareArray, sweepTask } from './jobArray.js';
import { say } from './say.js';
import { shareThreads } from './shareThreads.js';
import { showSweep } from './showSweep.js';
import { stageRunner } from './stageRunner.js';
import type { SweepCommandOptions } from './sweepCommandOptions.js';
import { makeStores, readClips } from './sweepData.js';
import { takeFolder } from './takeFolder.js';

/** The action of `audiossl sweep`. `program` runs this command line in a process of its own. */
export async function sweepCommand(file: string, options: SweepCommandOptions, program: readonly [string, ...string[]]): Promise<void> {
  const sweepFile = await withSettings(readSweepFile(file), options);
  checkArray(sweepFile, options);
  if (sweepFile.sweep.transfer !== undefined) {
    const { transferSweep } = await import('./transferSweep.js');
    return transferSweep(sweepFile, options, (ofSource, ofOptions) => sweepRuns(ofSource, ofOptions, program));
  }
  if (options.from.length > 0 || options.to.length > 0)
    throw new UsageError(`sweep: --from and --to are of sweeps with transfer, ${file} has none; pass --data or --features`);
  const folder = sweepFolder(options.out);
  if (options.table) {
    await rebuildTables(folder);
    return sayNext(['report', options.out]);
  }
  if (options.task !== undefined) return sweepTask(sweepFile, { folder, options, program, planOf });
  const done = await sweepRuns(sweepFile, options, program);
  if (done === undefined) return;
  process.stdout.write(`${done.markdown}\n${folder.tableCsv}\n${folder.tableMarkdown}\n`);
  sayNext(['report', options.out]);
}

/** The file with what the sweep of --settings has found to be the best for its variants; says what, a line each. */
async function withSettings(sweepFile: SweepFile, { settings: from, table }: SweepCommandOptions): Promise<SweepFile> {
  if (from === undefined) return sweepFile;
  if (table) throw new UsageError('sweep: --table writes what is there and takes no --settings; leave one of them out');
  const settings = chosenFor(sweepFile, await readSettings(from));
  for (const { name, keys, tried } of settings.variants) say(`${name}: ${settingText(keys)}, the best of ${tried.length}`);
  return { ...sweepFile, settings };
}

/** Makes what is missing of the runs of a file on --data or --features; with --dry-run lists them and returns undefined. */
async function sweepRuns(
  sweepFile: SweepFile,
  options: SweepCommandOptions,
  program: readonly [string, ...string[]],
): Promise<{ runs: readonly PlannedRun[]; markdown: string } | undefined> {
  const folder = sweepFolder(options.out);
  const { plan, jobs } = await planOf(sweepFile, options);
  const { runs } = plan;
  for (const line of await checkPlan(folder, plan)) say(line);
  if (options.dryRun) {
    process.stdout.write(`${runs.map(describeRun).join('\n')}\n`);
    process.stderr.write(`${runs.length} ${runs.length === 1 ? 'run' : 'runs'}\n`);
    return undefined;
  }
  if (options.prepare) {
    await prepareArray(folder, { file: sweepFile.file, plan, options });
    return undefined;
  }
  const markdown = await interruptible((signal) => execute({ folder, plan, jobs, options, program, signal }));
  return { runs, markdown };
}

/** What the file and the command line come to; `jobs` runs at once. */
async function planOf(sweepFile: SweepFile, options: SweepCommandOptions): Promise<{ plan: SweepPlan; jobs: number }> {
  const { clips, source, store } = await readClips(options, commonConfig(sweepFile).data.format);
  const runs = expandSweep(sweepFile, { clips });
  checkRuns(runs, { clips, store });
  const { jobs, threads, note } = shareThreads(options);
  if (note !== undefined) say(note);
  const { name: backend, device, precision } = await pickBackend({ ...options, threads });
  const { settings } = sweepFile;
  const { search, claims } = sweepFile.sweep;
  return { plan: { source, engine: { backend, device, precision, threads }, search, settings, claims, runs }, jobs };
}

async function execute({
  folder,
  plan,
  jobs,
  options,
  program,
  signal,
}: {
  folder: SweepFolder;
  plan: SweepPlan;
  jobs: number;
  options: SweepCommandOptions;
  program: readonly [string, ...string[]];
  signal: AbortSignal;
}): Promise<string> {
  const { runs, engine, search, settings, claims } = plan;
  const lock = await takeFolder(folder, signal);
  const { failures, markdown } = await executeLocked().finally(() => lock.release());
  if (failures.length === 0) return markdown;
  process.stdout.write(`${markdown}\n${folder.tableCsv}\n${folder.tableMarkdown}\n`);
  for (const { run, errors } of failures) process.stderr.write(`failed: ${run.name}: ${errors.join('; ')} (${folder.log(run.name)})\n`);
  throw new AudiosslError(`sweep: ${failures.length} of ${runs.length} runs failed; the same command tries them again`);

  async function executeLocked() {
    await settlePlan(folder, plan);
    const stores = await makeStores(folder, runs, options, signal);
    let view = showSweep({ folder, runs, jobs });
    const runStage = stageRunner({ folder, engine, program, signal, lock, storeOf: ({ name }) => stores.get(name) as string });
    try {
      if (search !== undefined) {
        const scores = await runHalving({
          ...{ folder, runs, search, jobs, signal, runStage },
          onRung(epochs, going) {
            view.finish();
            say(`until epoch ${epochs}: ${going.length} of ${runs.length} runs`);
            view = showSweep({ folder, runs: going, jobs });
          },
          onStageStart: (run, stage) => view.events.onStageStart(run, stage),
          onStageEnd: (run, stage, seconds) => view.events.onStageEnd(run, stage, seconds),
          onRunEnd: (run, end) => view.events.onRunEnd(run, end),
        });
        // A draw that fails is a result of the search: it stands in the table with its error.
        return { failures: [], markdown: await writeHalvingTables(folder, { runs, search, scores }) };
      }
      const { failures } = await runSweep({
        ...{ folder, runs, jobs, signal, runStage },
        ...view.events,
        async onRunEnd(run, end) {
          view.events.onRunEnd(run, end);
          if (!end.wasDone) await writeTables(folder, runs, { settings });
        },
      });
      const { markdown } = await writeTables(folder, runs, { claims, settings });
      signal.throwIfAborted();
      return { failures, markdown };
    } finally {
      view.finish();
    }
  }
}

async function rebuildTables(folder: SweepFolder): Promise<void> {
  const plan = await readPlan(folder);
  if (plan === undefined) throw new UsageError(`sweep: --table needs the folder of a sweep, ${folder.dir} has no sweep.yaml`);
  const { runs, search, settings, claims } = plan;
  const { markdown } =
    search === undefined
      ? await writeTables(folder, withConfigs(folder, runs), { claims, settings })
      : { markdown: await writeHalvingTables(folder, { runs, search, scores: await readHalving(folder, search) }) };
  process.stdout.write(`${markdown}\n${folder.tableCsv}\n${folder.tableMarkdown}\n`);
}

function describeRun({ name, command, baseline, config, evaluations }: PlannedRun): string {
  const training = baseline === undefined ? `${command} ${config.train.epochs} epochs` : 'no training';
  return `${name}: ${[training, ...evaluations.map(describeEvaluation)].join('; ')}`;
}
