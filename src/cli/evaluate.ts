import { type Command, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { SeriesResult } from '../eval/evaluateSeries.js';
import { type ProtocolName, protocolNames } from '../eval/protocolNames.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions } from './backendOptions.js';
import { labelLimits, parseFractions, parseList, parseShots } from './evaluation/labelLimits.js';
import { collect, positiveInteger, seedNumber } from './optionParsers.js';
import { sayNext } from './sayNext.js';

interface EvaluateCommandOptions extends Partial<BackendOptions> {
  protocol: ProtocolName;
  split: 'validation' | 'test';
  seed?: number;
  checkpoint: string;
  labelFractions?: number[];
  shots?: number[];
  repeats: number;
  /** True = all folds. */
  folds?: string[] | true;
  trainOn?: 'clean' | 'noisy';
  data?: string;
  features?: string;
  transfer?: boolean;
  baselines?: boolean;
  keepProbe?: string | true;
  out?: string;
  set: string[];
  json?: boolean;
}

const protocols = [
  'knn: nearest neighbours',
  'linear: linear classifier on the frozen encoder',
  'finetune: encoder and classifier trained together',
  'classifier: the one that a supervised run was trained with',
];

/** `audiossl evaluate RUN --protocol linear --split test`: how good a run's encoder is, on clips with labels. */
export function registerEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure the accuracy of a run under a fixed protocol; select on validation, look at test once')
    .argument('[run]', 'folder of the run; default: the encoder that comes with audiossl, on --data or --features, as with --transfer')
    .addOption(new Option('--protocol <name>', protocols.join('; ')).choices(protocolNames).makeOptionMandatory())
    .addOption(new Option('--split <name>', 'which clips').choices(['validation', 'test']).makeOptionMandatory())
    .option('--seed <number>', "of the classifier, the choice of labels and the intervals (default: the run's)", seedNumber)
    .option('--checkpoint <which>', 'best, last, whitened or the path of a file', 'best')
    .option('--label-fractions <list>', 'learn from shares of the training labels, such as 0.01,0.1,0.5,1: one record each', parseFractions)
    .option('--shots <list>', 'learn from so many training clips a class, such as 1,5,10: one record each', parseShots)
    .option('--repeats <number>', 'seeds, counted from --seed: other draws of labels, other classifiers', positiveInteger, 1)
    .option(
      '--folds [list]',
      'k-fold evaluation of the frozen encoder: each fold of the data (or of the list) is the test once, the next validates; a record each, and one that pools them',
      parseList,
    )
    .addOption(
      new Option('--train-on <subset>', 'FSDnoisy18k: noisy (validated on clean), or 85 % of clean (validated on the rest)').choices([
        'noisy',
        'clean',
      ]),
    )
    .option('--data <dir>', "folder of recordings to evaluate on, or a table in it (default: the run's own)")
    .option('--features <store>', "feature store to evaluate on (default: the run's own)")
    .option('--transfer', "the data are others than the run's: split by their own split column, with classes of their own")
    .option('--baselines', 'also chance, log-mel statistics with a ridge classifier, and the encoder with random weights')
    .option('--out <dir>', 'without <run>: folder of a run for the records (default: runs/free-sounds)')
    .option('--keep-probe [file]', 'linear: keep the classifier for audiossl classify (default: beside the record)')
    .option('--set <key=value>', 'override an evaluation key of the run, such as evaluation.linear.epochs=100 (repeatable)', collect, [])
    .option('--json', 'print the record as JSON; of several evaluations an object with records and summary');
  addBackendOptions(command).action(async (given: string | undefined, chosen: EvaluateCommandOptions) => {
    if (given !== undefined && chosen.out !== undefined) {
      throw new UsageError('evaluate: the records go into the run; leave out --out, or the run');
    }
    const { shippedRun } = await import('./evaluation/shippedRun.js');
    const dir = given ?? (await shippedRun(chosen));
    const options = given === undefined ? { ...chosen, transfer: true } : chosen;
    const series = await evaluateRun(dir, options);
    const { describeOne, describeSeries } = await import('./evaluation/describeEvaluation.js');
    const { results, summary } = series;
    const isSeries = summary.length > 1 || options.repeats > 1;
    if (options.json) {
      const records = results.map(({ record }) => record);
      process.stdout.write(`${JSON.stringify(results.length === 1 ? records[0] : { records, summary })}\n`);
    } else {
      process.stdout.write(isSeries ? describeSeries(series, dir) : describeOne(results[results.length - 1], dir));
      const { probe } = results[results.length - 1];
      if (probe !== undefined) process.stdout.write(`probe: ${probe}\n`);
      if (probe === undefined) sayNext(['report', dir]);
      else sayNext(['classify', '--model', dir, '--probe', probe, '--in', 'recordings', '--out', 'labels.csv']);
    }
  });
}

async function evaluateRun(dir: string, options: EvaluateCommandOptions): Promise<SeriesResult> {
  const [{ checkOverrides }, { interruptible }, { openRun }, { configOf, withSubject }, { evaluateSeries }, { createStages }] =
    await Promise.all([
      import('./evaluation/checkOverrides.js'),
      import('./interruptible.js'),
      import('../run/runFolder.js'),
      import('./withSubject.js'),
      import('../eval/evaluateSeries.js'),
      import('./stages.js'),
    ]);
  const { protocol, data, features, checkpoint } = options;
  const run = await openRun(dir);
  const config = await configOf(run, options.set);
  checkOverrides(options.set, { protocol, hasData: data !== undefined });
  const format = options.set.some((text) => text.startsWith('data.format')) ? config.data.format : 'auto';
  const finetune = protocol === 'finetune' ? (await import('../train/finetune.js')).finetune : undefined;
  const stages = createStages();
  return interruptible((signal) =>
    withSubject(dir, { checkpoint, backend: options, source: { data, features, format }, signal }, ({ model, store }) => {
      const { split, seed = config.seed, repeats, folds, trainOn, transfer, baselines, keepProbe } = options;
      return evaluateSeries({
        ...{ run, store, model, protocol, split, seed, repeats, trainOn, transfer, baselines, keepProbe, finetune, signal },
        limits: labelLimits(options),
        folds: folds === true ? [] : folds,
        options: config.evaluation,
        command: ['audiossl', ...process.argv.slice(2)],
        onProgress: stages.show,
      });
    }),
  ).finally(() => stages.finish());
}
