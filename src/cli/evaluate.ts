import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { EvaluationResult } from '../eval/evaluate.js';
import type { Model } from '../model/loadModel.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions, pickBackend } from './backendOptions.js';
import { collect, nonNegativeInteger } from './optionParsers.js';

interface EvaluateCommandOptions extends Partial<BackendOptions> {
  protocol: 'knn' | 'linear' | 'finetune';
  split: 'validation' | 'test';
  seed?: number;
  checkpoint: string;
  features?: string;
  baselines?: boolean;
  set: string[];
  json?: boolean;
}

/** `audiossl evaluate RUN --protocol linear --split test`: how good a run's encoder is, on clips with labels. */
export function registerEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure the accuracy of a run under a fixed protocol; select on validation, look at test once')
    .argument('<run>', 'folder of the run')
    .addOption(
      new Option('--protocol <name>', 'knn: nearest neighbours; linear: linear classifier on the frozen encoder')
        .choices(['knn', 'linear', 'finetune'])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--split <name>', 'which clips').choices(['validation', 'test']).makeOptionMandatory())
    .option('--seed <number>', "of the linear classifier and the intervals (default: the run's)", nonNegativeInteger)
    .option('--checkpoint <which>', 'best, last or the path of a file', 'best')
    .option('--features <store>', "feature store (default: the run's own)")
    .option('--baselines', 'also chance, log-mel statistics with a ridge classifier, and the encoder with random weights')
    .option('--set <key=value>', 'override a config key of the run, such as evaluation.linear.epochs=100 (repeatable)', collect, [])
    .option('--json', 'print the record as JSON');
  addBackendOptions(command).action(async (dir: string, options: EvaluateCommandOptions) => {
    const { protocol } = options;
    if (protocol === 'finetune') {
      throw new UsageError('evaluate: the protocol finetune is not part of this version; use --protocol knn or linear');
    }
    const [{ loadConfig }, { interruptible }, { openRun }] = await Promise.all([
      import('../config/loadConfig.js'),
      import('./interruptible.js'),
      import('../run/runFolder.js'),
    ]);
    const run = await openRun(dir);
    const config = loadConfig({ file: run.config, overrides: options.set });
    const result = await interruptible(async (signal) => {
      const [{ evaluate }, { loadModel }, { openRunFeatures }, { createStages }] = await Promise.all([
        import('../eval/evaluate.js'),
        import('../model/loadModel.js'),
        import('./openRunFeatures.js'),
        import('./stages.js'),
      ]);
      const store = await openRunFeatures({ run, config, features: options.features, signal });
      const stages = createStages();
      let model: Model | undefined;
      try {
        await pickBackend(options);
        model = await loadModel(dir, { checkpoint: options.checkpoint });
        const { split, seed = config.seed, baselines } = options;
        const given = { run, store, model, protocol, split, seed, options: config.evaluation, baselines, signal };
        return await evaluate({ ...given, command: ['audiossl', ...process.argv.slice(2)], onProgress: stages.show });
      } finally {
        model?.dispose();
        stages.finish();
        await store.close();
      }
    });
    process.stdout.write(options.json ? `${JSON.stringify(result.record)}\n` : describe(result, dir));
  });
}

const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '-' : `${(100 * share).toFixed(1)} %`;
const interval = (range: readonly number[] | null | undefined): string =>
  range ? `[${(100 * range[0]).toFixed(1)}, ${(100 * range[1]).toFixed(1)}]` : '';

function describe({ name, record }: EvaluationResult, dir: string): string {
  const lines = [
    `${record.protocol} on ${record.numClips} ${record.split} clips, checkpoint ${record.checkpoint} (epoch ${record.checkpointEpoch}), seed ${record.seed}`,
    `  clip micro accuracy        ${percent(record.clipMicroAccuracy)} ${interval(record.clipMicroAccuracyInterval)}`,
    `  clip macro accuracy        ${percent(record.clipMacroAccuracy)} ${interval(record.clipMacroAccuracyInterval)}`,
    `  patch-weighted accuracy    ${percent(record.patchWeightedAccuracy)}`,
    `  top-3 accuracy             ${percent(record.top3Accuracy)}`,
    ...record.perClass.map(
      ({ label, numClips, recall, interval: range }) => `  ${label.padEnd(26)} ${percent(recall)} of ${numClips} ${interval(range)}`,
    ),
    ...(record.baselines ?? []).map(
      (row) => `  ${row.name}: micro ${percent(row.clipMicroAccuracy)}, macro ${percent(row.clipMacroAccuracy)}`,
    ),
    ...(record.notes ?? []).map((note) => `  note: ${note}`),
    join(dir, 'evaluations', `${name}.json`),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
