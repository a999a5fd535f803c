import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { TrainingInput, TrainingResult } from '../train/runTraining.js';
import { addBackendOptions, pickBackend } from './backendOptions.js';
import { collect, nonNegativeInteger } from './optionParsers.js';
import { sayNext } from './sayNext.js';

interface TrainingCommandOptions extends Partial<BackendOptions> {
  data?: string;
  features?: string;
  out: string;
  config?: string;
  set: string[];
  seed?: number;
  resume?: boolean;
  json?: boolean;
}

/** Options and course of a command that trains: config, features, backend, run, result. What differs is the function that trains. */
export function addTrainingCommand(
  program: Command,
  {
    name,
    description,
    label,
    loadRun,
  }: {
    name: 'pretrain' | 'train';
    description: string;
    /** Of the progress bar. */
    label: string;
    /** Imports the function that trains. */
    loadRun: () => Promise<(input: TrainingInput) => Promise<TrainingResult>>;
  },
): void {
  const command = program
    .command(name)
    .description(description)
    .option('--data <dir>', 'folder of recordings; their features are made first, or found again')
    .option('--features <store>', 'feature store made by audiossl features')
    .requiredOption('--out <run>', 'folder of the run')
    .option('--config <file>', `YAML config; a file holds only what differs from the defaults (audiossl config show --for ${name})`)
    .option('--set <key=value>', 'override one config key, such as train.epochs=20 (repeatable)', collect, [])
    .option('--seed <number>', "the run's seed (the config's key seed)", nonNegativeInteger)
    .option('--resume', 'go on from the last checkpoint of RUN, with its config unless --config is given')
    .option('--json', 'print the result as JSON');
  addBackendOptions(command).action(async (options: TrainingCommandOptions) => {
    const [{ loadConfig }, { interruptible }] = await Promise.all([import('../config/loadConfig.js'), import('./interruptible.js')]);
    const ownConfig = join(options.out, 'config.yaml');
    const file = options.config ?? (options.resume && existsSync(ownConfig) ? ownConfig : undefined);
    const overrides = options.seed === undefined ? options.set : [...options.set, `seed=${options.seed}`];
    const config = loadConfig({ file, overrides, command: name });
    let isLabelled = false;
    const result = await interruptible(async (signal) => {
      const [{ openFeatures }, run, { showTraining }] = await Promise.all([
        import('./openFeatures.js'),
        loadRun(),
        import('./showTraining.js'),
      ]);
      const { data, features, out, resume } = options;
      const store = await openFeatures({ data, features, out, format: config.data.format, frontEnd: config.frontEnd, signal });
      isLabelled = store.clips.some((clip) => clip.label !== undefined);
      const view = showTraining(label);
      try {
        await pickBackend(options);
        const command = ['audiossl', ...process.argv.slice(2)];
        return await run({ store, config, out, resume, command, dataset: data, signal, ...view.listeners });
      } finally {
        view.finish();
        await store.close();
      }
    });
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${describe(result)}\n`);
    if (!options.json) sayNext(nextAfter(name, result, { ...options, isLabelled }));
  });
}

/** A stopped run is gone on with, a labelled one judged, any other used. */
function nextAfter(
  name: 'pretrain' | 'train',
  { dir, end }: TrainingResult,
  { data, features, isLabelled }: { data?: string; features?: string; isLabelled: boolean },
): string[] {
  if (end.reason === 'interrupted') {
    const source = [...(data === undefined ? [] : ['--data', data]), ...(features === undefined ? [] : ['--features', features])];
    return [name, '--resume', ...source, '--out', dir];
  }
  if (!isLabelled) return ['embed', '--model', dir, '--in', 'YOUR_FOLDER', '--out', 'embeddings.npz'];
  return ['evaluate', dir, '--protocol', name === 'train' ? 'classifier' : 'linear', '--split', 'validation'];
}

function describe({ dir, end }: TrainingResult): string {
  const how = { finished: 'finished', interrupted: 'interrupted', earlyStopping: 'stopped early' }[end.reason];
  if (end.step === 0 && end.reason === 'finished') return `${dir}: the initial weights, without training (train.epochs is 0)`;
  const best = end.bestEpoch === undefined ? 'no best checkpoint: that needs 2 validation clips' : `best after epoch ${end.bestEpoch}`;
  return `${dir}: ${how} after epoch ${end.epoch}, step ${end.step} (${best})`;
}
