import { type Command, Option } from 'commander';
import type { StoreSummary } from '../data/buildFeatureStore.js';
import type { DatasetFormat } from '../data/loadDataset.js';
import { formatOption } from './formatOption.js';
import { collect, positiveInteger } from './optionParsers.js';
import { sayNext } from './sayNext.js';

interface FeaturesOptions {
  data: string;
  out: string;
  format?: DatasetFormat;
  config?: string;
  set: string[];
  workers?: number;
  dtype: 'float32' | 'float16';
  onError: 'skip' | 'fail';
  salvage?: boolean;
  channel?: number;
  rebuild?: boolean;
  json?: boolean;
}

/** `audiossl features --data DIR --out STORE`: the log-mel features of every recording, on disk. */
export function registerFeatures(program: Command): void {
  program
    .command('features')
    .description('decode recordings and store their log-mel features; a stopped run goes on where it was')
    .requiredOption('--data <dir>', 'folder of recordings')
    .requiredOption('--out <store>', 'feature store to make, or to reuse if nothing changed')
    .addOption(formatOption())
    .option('--config <file>', 'YAML config; its keys frontEnd and data.format count')
    .option('--set <key=value>', 'override one of these keys, such as frontEnd.nMels=64 (repeatable)', collect, [])
    .option('--workers <n>', 'worker threads (default: one a processor)', positiveInteger)
    .addOption(new Option('--dtype <dtype>', 'how values are stored').choices(['float32', 'float16']).default('float32'))
    .addOption(
      new Option('--on-error <what>', 'leave broken recordings out and list them, or stop').choices(['skip', 'fail']).default('skip'),
    )
    .option('--salvage', 'use what can be decoded of damaged recordings')
    .option('--channel <n>', 'use one channel of each recording, 1 being the first (default: the mean of all)', positiveInteger)
    .option('--rebuild', 'replace a store that was made from other files or with another front end')
    .option('--json', 'print the summary as JSON')
    .action(async (options: FeaturesOptions) => {
      const [{ loadConfig }, { describeTroubles }, { interruptible }, { makeFeatures }] = await Promise.all([
        import('../config/loadConfig.js'),
        import('./describeTroubles.js'),
        import('./interruptible.js'),
        import('./makeFeatures.js'),
      ]);
      const { data, out, config: file, set, workers, dtype, onError, salvage, channel, rebuild } = options;
      const config = loadConfig({ file, overrides: set });
      await refuseUnread(set);
      const { frontEnd } = config;
      const format = options.format ?? config.data.format;
      const summary = await interruptible((signal) =>
        makeFeatures({ data, format, frontEnd, out, dtype, numWorkers: workers, onError, salvage, channel, rebuild, signal }),
      );
      process.stderr.write(describeTroubles(summary, { allIn: `${out}/rejected.csv`, dir: data }));
      process.stdout.write(options.json === true ? `${JSON.stringify(summary)}\n` : `${describeSummary(summary, out)}\n`);
      if (options.json !== true) sayNext(['pretrain', '--features', out, '--out', 'runs/first']);
    });
}

/** A config file may serve every command; a key given by hand is meant for this one. */
async function refuseUnread(overrides: readonly string[]): Promise<void> {
  const { UsageError } = await import('../util/errors.js');
  const unread = overrides.find((text) => !/^\s*(frontEnd|data\.format)\s*[.=]/.test(text));
  if (unread === undefined) return;
  throw new UsageError(
    `--set ${unread}: features depend on frontEnd and data.format alone; leave it out here and give it to the command that trains or evaluates`,
  );
}

const number = (value: number) => value.toLocaleString('en-US');

function describeSummary({ status, numClips, totalFrames, rejected }: StoreSummary, out: string): string {
  const how = {
    built: 'built',
    resumed: 'built, going on from a stopped run',
    reused: 'nothing changed, reused',
    relabelled: 'features reused, labels and splits written anew',
  }[status];
  return `${out}: ${number(numClips)} clips, ${number(totalFrames)} frames, ${number(rejected.length)} rejected (${how})`;
}
