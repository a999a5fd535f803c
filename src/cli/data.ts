import type { Command } from 'commander';
import type { DatasetFormat } from '../data/loadDataset.js';
import { registerAuditLabels } from './data/auditLabels.js';
import { formatOption } from './formatOption.js';
import { positiveInteger } from './optionParsers.js';
import { sayNext } from './sayNext.js';

interface DataCommandOptions {
  format: DatasetFormat;
  workers?: number;
  channel?: number;
  json?: boolean;
  strict?: boolean;
  metadata?: string;
  nearDuplicates?: boolean;
}

/** `audiossl data check DIR`, `audiossl data stats DIR | --metadata DIR`, `audiossl data audit-labels --model RUN --data DIR --out DIR`. */
export function registerData(program: Command): void {
  const data = program.command('data').description('look at a folder of recordings before training on it');
  const addShared = (command: Command) =>
    command
      .addOption(formatOption().default('auto'))
      .option('--workers <n>', 'worker threads (default: one a processor)', positiveInteger)
      .option(
        '--channel <n>',
        'look at one channel of each recording, 1 being the first (default: at all, and their mean)',
        positiveInteger,
      )
      .option('--json', 'as JSON');

  addShared(data.command('check'))
    .description('missing, unreadable, silent and duplicate recordings; recordings in more than one split')
    .argument('<dir>', 'folder of recordings')
    .option('--near-duplicates', 'compare the sound of all recordings: other rates, levels, codecs and cuts of one recording are told')
    .option('--strict', 'exit with 1 when something was found')
    .action(async (dir: string, options: DataCommandOptions) => {
      const [{ checkData }, { describeCheck }, work] = await Promise.all([
        import('../data/checkData.js'),
        import('./data/describeCheck.js'),
        prepare(dir, options),
      ]);
      const check = await work((common) => checkData({ ...common, nearDuplicates: options.nearDuplicates }));
      process.stdout.write(options.json === true ? `${JSON.stringify(check, undefined, 2)}\n` : describeCheck(check));
      if (options.json !== true && check.numProblems === 0) sayNext(['features', '--data', dir, '--out', 'features']);
      if (options.strict === true && check.numProblems > 0) process.exitCode = 1;
    });

  addShared(data.command('stats'))
    .description('counts by class and split, durations, rates, loudness and spectrum of the recordings')
    .argument('[dir]', 'folder of recordings')
    .option('--metadata <dir>', 'count from the csv files alone, without audio')
    .action(async (dir: string | undefined, options: DataCommandOptions) => {
      const { UsageError } = await import('../util/errors.js');
      const folder = dir ?? options.metadata;
      if (folder === undefined || (dir !== undefined && options.metadata !== undefined)) {
        throw new UsageError('data stats: give one folder, as DIR or as --metadata DIR');
      }
      const [{ dataStatistics }, { describeStatistics }, work] = await Promise.all([
        import('../data/dataStatistics.js'),
        import('./data/describeStatistics.js'),
        prepare(folder, options),
      ]);
      const statistics = await work((common) =>
        dataStatistics(options.metadata === undefined ? common : { ...common, isMetadataOnly: true }),
      );
      process.stdout.write(options.json === true ? `${JSON.stringify(statistics, undefined, 2)}\n` : describeStatistics(statistics));
      if (options.json !== true && dir !== undefined) sayNext(['features', '--data', dir, '--out', 'features']);
    });

  registerAuditLabels(data);
}

/** Loads the folder; the function it gives runs work on it with progress and a signal. */
async function prepare(dir: string, { format, workers, channel }: DataCommandOptions) {
  const [{ loadDataset }, { createProgress }, { interruptible }] = await Promise.all([
    import('../data/loadDataset.js'),
    import('../util/progress.js'),
    import('./interruptible.js'),
  ]);
  const dataset = await loadDataset(dir, { format });
  type Common = {
    dataset: typeof dataset;
    numWorkers?: number;
    channel?: number;
    signal: AbortSignal;
    onProgress: (done: number, total: number) => void;
  };
  return async <T>(work: (common: Common) => Promise<T>): Promise<T> => {
    let progress: ReturnType<typeof createProgress> | undefined;
    const onProgress = (done: number, total: number) => {
      progress ??= createProgress({ label: 'Reading', total, unit: 'clips' });
      progress.update(done);
    };
    return interruptible((signal) => work({ dataset, numWorkers: workers, channel, signal, onProgress })).finally(() => progress?.finish());
  };
}
