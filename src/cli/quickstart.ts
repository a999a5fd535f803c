import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { EvaluationRecord } from '../run/evaluationRecord.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { packageFile, runnableModule } from '../util/packageFile.js';
import { addBackendOptions } from './backendOptions.js';
import { positiveInteger } from './optionParsers.js';
import { quickstartSteps } from './quickstart/quickstartSteps.js';
import { sayNext } from './sayNext.js';
import { shellWord } from './shellWord.js';

const main = fileURLToPath(runnableModule('cli/main.js'));

/** Without libtorch a step takes about ten times as long: so many epochs keep the whole within 20 minutes on 2 cores. */
const WASM_EPOCHS = 4;

const noRecordings =
  'quickstart: the ESC-10 recordings come with a clone of the repository, not with the package; clone it and `npm run quickstart`, or take recordings of your own: `audiossl pretrain --data FOLDER --out RUN`';

interface QuickstartOptions extends Partial<BackendOptions> {
  out: string;
  epochs?: number;
}

/** `audiossl quickstart`: the whole way on the bundled recordings, each step being the command that a user would type. */
export function registerQuickstart(program: Command): void {
  const command = program
    .command('quickstart')
    .description('features, pretrain, evaluate, report and embed on the bundled ESC-10 recordings, in minutes')
    .option('--out <dir>', 'folder for everything it makes', 'runs/quickstart')
    .option('--epochs <number>', 'length of the pre-training (default: that of the config; fewer without libtorch)', positiveInteger);
  addBackendOptions(command).action(async (options: QuickstartOptions) => {
    const recordings = packageFile('data', 'esc10');
    if (!existsSync(recordings)) throw new UsageError(noRecordings);
    const { pickBackend } = await import('./backendOptions.js');
    const { name: backend } = await pickBackend(options);
    const epochs = options.epochs ?? (backend === 'libtorch' ? undefined : WASM_EPOCHS);
    if (options.epochs === undefined && epochs !== undefined) {
      process.stderr.write(
        `audiossl: backend ${backend}: a smaller schedule, ${epochs} epochs, so that it takes minutes; --epochs N to change it\n`,
      );
    }
    const data = relative(process.cwd(), recordings) || '.';
    const run = join(options.out, 'run');
    const { isModelShipped, shippedModel } = await import('../model/shippedModel.js');
    const config = relative(process.cwd(), packageFile('configs', isModelShipped() ? 'esc10-continued.yaml' : 'esc10.yaml'));
    const steps = quickstartSteps({
      ...{ data, config, out: options.out, epochs, engine: engineArguments(options) },
      model: isModelShipped() ? relative(process.cwd(), shippedModel().path) : undefined,
    });
    for (const { title, args } of steps) await runCommand(title, args);

    const { openRun } = await import('../run/runFolder.js');
    const { readEvaluations } = await import('../run/evaluationRecord.js');
    const folder = await openRun(run);
    const records = await readEvaluations(folder);
    process.stdout.write(`\n${resultTable(records.map(({ record }) => record))}\n`);
    process.stdout.write(
      `report      ${join(folder.report, 'report.html')}\nembeddings  ${join(options.out, 'embeddings.npz')}\ncheckpoint  ${folder.whitenedCheckpoint}\n`,
    );
    sayNext(['pretrain', '--data', 'YOUR_FOLDER', '--out', 'runs/first']);
  });
}

function engineArguments({ backend, device, precision, threads }: Partial<BackendOptions>): string[] {
  return [
    ...(backend === undefined || backend === 'auto' ? [] : ['--backend', backend]),
    ...(device === undefined || device === 'cpu' ? [] : ['--device', device]),
    ...(precision === undefined || precision === 'float32' ? [] : ['--precision', precision]),
    ...(threads === undefined ? [] : ['--threads', String(threads)]),
  ];
}

/** Shows a command and runs it in a process of its own; signals are passed on, so an interrupted quickstart goes on where it was. */
function runCommand(title: string, args: readonly string[]): Promise<void> {
  process.stdout.write(`\n# ${title}\n$ audiossl ${args.map(shellWord).join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, AUDIOSSL_NEXT: 'off' },
    });
    const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
    process.on('SIGINT', passOn);
    process.on('SIGTERM', passOn);
    const letGo = () => {
      process.off('SIGINT', passOn);
      process.off('SIGTERM', passOn);
    };
    child.on('error', (error) => {
      letGo();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      letGo();
      if (code === 0) resolve();
      else reject(new StepFailed(args[0], code, signal));
    });
  });
}

/** A step has said itself what is wrong; its exit code becomes that of the whole. */
class StepFailed extends AudiosslError {
  override readonly exitCode: number;

  constructor(step: string, code: number | null, signal: string | null) {
    super(`quickstart: ${step} ended with ${signal ?? `exit code ${code}`}; see above, then run quickstart again: it goes on from there`);
    this.exitCode = code ?? 1;
  }
}

/** What was learnt beside what needs no learning: one row a system, accuracies on the test clips with 95 % intervals. */
export function resultTable(records: readonly EvaluationRecord[]): string {
  const latest = (protocol: string) =>
    records
      .filter((record) => record.protocol === protocol && record.split === 'test')
      .sort((a, b) => (a.time < b.time ? -1 : 1))
      .at(-1);
  const linear = latest('linear');
  const knn = latest('knn');
  if (linear === undefined) throw new AudiosslError('quickstart: the linear evaluation on the test split is missing; run quickstart again');
  type Scores = Pick<EvaluationRecord, 'clipMicroAccuracy' | 'clipMicroAccuracyInterval' | 'clipMacroAccuracy'>;
  const row = (name: string, { clipMicroAccuracy, clipMicroAccuracyInterval, clipMacroAccuracy }: Scores) => [
    name,
    percent(clipMicroAccuracy),
    clipMicroAccuracyInterval ? `${percent(clipMicroAccuracyInterval[0])} to ${percent(clipMicroAccuracyInterval[1])}` : '',
    percent(clipMacroAccuracy),
  ];
  const rows = [
    ['system', 'micro', '95 % interval', 'macro'],
    ...(linear.baselines ?? []).map((baseline) => row(baseline.name, baseline)),
    ...(knn ? [row('pre-trained encoder, nearest neighbours', knn)] : []),
    row('pre-trained encoder, linear classifier', linear),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
  const share = 100 / linear.numClips;
  return [
    ...lines,
    `Accuracy in % on the ${linear.numClips} test clips (one clip is ${share.toFixed(2)} points), checkpoint ${linear.checkpoint}, epoch ${linear.checkpointEpoch}, seed ${linear.seed}.`,
    '',
  ].join('\n');
}

const percent = (share: number): string => (100 * share).toFixed(1);
