import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { PretrainResult } from '../train/pretrain.js';
import { addBackendOptions, pickBackend } from './backendOptions.js';
import { collect, nonNegativeInteger } from './optionParsers.js';

interface PretrainCommandOptions extends Partial<BackendOptions> {
  data?: string;
  features?: string;
  out: string;
  config?: string;
  set: string[];
  seed?: number;
  resume?: boolean;
  json?: boolean;
}

/** `audiossl pretrain --data DIR --out RUN`: an encoder from unlabelled recordings. */
export function registerPretrain(program: Command): void {
  const command = program
    .command('pretrain')
    .description('learn an encoder from recordings without labels; a stopped run goes on with --resume')
    .option('--data <dir>', 'folder of recordings; their features are made first, or found again')
    .option('--features <store>', 'feature store made by audiossl features')
    .requiredOption('--out <run>', 'folder of the run')
    .option('--config <file>', 'YAML config; a file holds only what differs from the defaults (audiossl config show)')
    .option('--set <key=value>', 'override one config key, such as loss.temperature=0.1 (repeatable)', collect, [])
    .option('--seed <number>', "the run's seed (the config's key seed)", nonNegativeInteger)
    .option('--resume', 'go on from the last checkpoint of RUN, with its config unless --config is given')
    .option('--json', 'print the result as JSON');
  addBackendOptions(command).action(async (options: PretrainCommandOptions) => {
    const [{ loadConfig }, { interruptible }] = await Promise.all([import('../config/loadConfig.js'), import('./interruptible.js')]);
    const ownConfig = join(options.out, 'config.yaml');
    const file = options.config ?? (options.resume && existsSync(ownConfig) ? ownConfig : undefined);
    const overrides = options.seed === undefined ? options.set : [...options.set, `seed=${options.seed}`];
    const config = loadConfig({ file, overrides });
    const result = await interruptible(async (signal) => {
      const [{ openFeatures }, { pretrain }, { showPretraining }] = await Promise.all([
        import('./openFeatures.js'),
        import('../train/pretrain.js'),
        import('./showPretraining.js'),
      ]);
      const { data, features, out, resume } = options;
      const store = await openFeatures({ data, features, out, format: config.data.format, frontEnd: config.frontEnd, signal });
      const view = showPretraining();
      try {
        await pickBackend(options);
        const command = ['audiossl', ...process.argv.slice(2)];
        return await pretrain({ store, config, out, resume, command, dataset: data, signal, ...view.listeners });
      } finally {
        view.finish();
        await store.close();
      }
    });
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${describe(result)}\n`);
  });
}

function describe({ dir, end }: PretrainResult): string {
  const how = { finished: 'finished', interrupted: 'interrupted', earlyStopping: 'stopped early' }[end.reason];
  if (end.step === 0 && end.reason === 'finished') return `${dir}: the initial weights, without training (train.epochs is 0)`;
  const best = end.bestEpoch === undefined ? 'no best checkpoint: that needs 2 validation clips' : `best after epoch ${end.bestEpoch}`;
  return `${dir}: ${how} after epoch ${end.epoch}, step ${end.step} (${best})`;
}
