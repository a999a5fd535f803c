import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import type { RankPlace } from '../parallel/RankPlace.js';
import type { TrainingInput, TrainingResult } from '../train/runTraining.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions, pickBackend } from './backendOptions.js';
import { collect, positiveInteger, seedNumber } from './optionParsers.js';
import { addRankOptions, type RankOptions, rankOverrides } from './ranks/rankOptions.js';
import { rankPlace } from './ranks/rankPlace.js';
import { sayNext } from './sayNext.js';

interface TrainingCommandOptions extends Partial<BackendOptions>, RankOptions {
  data?: string;
  features?: string;
  out: string;
  config?: string;
  set: string[];
  seed?: number;
  resume?: boolean;
  tensorboard?: boolean;
  untilEpoch?: number;
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
    .option('--data <dir>', 'folder of recordings, or a table in it that names some; their features are made first, or found again')
    .option('--features <store>', 'feature store made by audiossl features')
    .requiredOption('--out <run>', 'folder of the run')
    .option('--config <file>', `YAML config; a file holds only what differs from the defaults (audiossl config show --for ${name})`)
    .option('--set <key=value>', 'override one config key, such as train.epochs=20 (repeatable)', collect, [])
    .option('--seed <number>', "the run's seed (the config's key seed)", seedNumber)
    .option('--resume', 'go on from the last checkpoint of RUN, with its config unless --config is given')
    .option('--tensorboard', 'write event files into RUN while it trains, for tensorboard --logdir')
    .option(
      '--until-epoch <number>',
      'pause after this epoch of train.epochs; --resume goes on, as if there had been no pause',
      positiveInteger,
    )
    .option('--json', 'print the result as JSON');
  addRankOptions(addBackendOptions(command)).action(async (options: TrainingCommandOptions) => {
    const place = rankPlace(process.env);
    const { processes = 1 } = options;
    if (place === undefined && processes > 1) {
      const { runProcesses } = await import('./ranks/runProcesses.js');
      process.exitCode = await runProcesses(processes);
      return;
    }
    if (place !== undefined && place.launcher !== 'processes' && processes > 1) {
      throw new UsageError(
        `--processes ${processes} starts processes of its own, and ${place.launcher} has started ${place.size}; leave one out`,
      );
    }
    const [{ loadConfig }, { interruptible }] = await Promise.all([import('../config/loadConfig.js'), import('./interruptible.js')]);
    const ownConfig = join(options.out, 'config.yaml');
    const file = options.config ?? (options.resume && existsSync(ownConfig) ? ownConfig : undefined);
    const overrides = [...options.set, ...rankOverrides(options), ...(options.seed === undefined ? [] : [`seed=${options.seed}`])];
    const config = loadConfig({ file, overrides, command: name });
    let isLabelled = false;
    const result = await interruptible(async (signal) => {
      const [{ openFeatures }, run, { showTraining }] = await Promise.all([
        import('./openFeatures.js'),
        loadRun(),
        import('./showTraining.js'),
      ]);
      const { data, features, out, resume, untilEpoch, tensorboard } = options;
      const group = place && (await joinPlace(place, options));
      const open = () => openFeatures({ data, features, out, format: config.data.format, frontEnd: config.frontEnd, signal });
      // A store that is there each rank opens where it has it.
      const store = await (group === undefined || features !== undefined ? open() : openOnRanks(group, open));
      isLabelled = store.clips.some((clip) => clip.label !== undefined);
      const view = showTraining(label);
      try {
        if (group === undefined) await pickBackend(options);
        const command = ['audiossl', ...process.argv.slice(2)];
        const result = await run({
          store,
          config,
          out,
          resume,
          untilEpoch,
          tensorboard,
          command,
          dataset: data,
          group,
          signal,
          ...view.listeners,
        });
        await group?.leave();
        return result;
      } finally {
        view.finish();
        await store.close();
      }
    });
    if (place !== undefined && place.rank > 0) return;
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
  if (end.reason === 'interrupted' || end.reason === 'paused') {
    const source = [...(data === undefined ? [] : ['--data', data]), ...(features === undefined ? [] : ['--features', features])];
    return [name, '--resume', ...source, '--out', dir];
  }
  if (!isLabelled) return ['embed', '--model', dir, '--in', 'YOUR_FOLDER', '--out', 'embeddings.npz'];
  return ['evaluate', dir, '--protocol', name === 'train' ? 'classifier' : 'linear', '--split', 'validation'];
}

/** The backend with this rank's share of the threads, and the other ranks. */
async function joinPlace(place: RankPlace, options: TrainingCommandOptions): Promise<RankGroup> {
  const [{ joinRanks }, { rankThreads }] = await Promise.all([import('../parallel/RankGroup.js'), import('./ranks/rankThreads.js')]);
  const { threads, note } = rankThreads(place, { asked: options.threads, env: process.env });
  const isTold = place.rank === 0;
  if (isTold && note !== undefined) process.stderr.write(`audiossl: ${note}\n`);
  await pickBackend({ ...options, threads }, { isTold });
  return joinRanks(place, {
    timeoutSeconds: options.timeout,
    onNote: (line) => process.stderr.write(`audiossl: ${line}\n`),
  });
}

/** What is not there yet is made by rank 0; the others then find it in the same place. */
async function openOnRanks(group: RankGroup, open: () => Promise<FeatureStore>): Promise<FeatureStore> {
  const { FeatureStore } = await import('../data/FeatureStore.js');
  let own: FeatureStore | undefined;
  const dir = await group.first(async () => {
    own = await open();
    return own.dir;
  });
  return own ?? FeatureStore.open(dir);
}

function describe({ dir, end }: TrainingResult): string {
  const how = { finished: 'finished', interrupted: 'interrupted', earlyStopping: 'stopped early', paused: 'paused' }[end.reason];
  if (end.step === 0 && end.reason === 'finished') return `${dir}: the initial weights, without training (train.epochs is 0)`;
  const best = end.bestEpoch === undefined ? 'no best checkpoint: that needs 2 validation clips' : `best after epoch ${end.bestEpoch}`;
  return `${dir}: ${how} after epoch ${end.epoch}, step ${end.step} (${best})`;
}
