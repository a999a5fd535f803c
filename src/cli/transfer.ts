import { type Command, Option } from 'commander';
import { addBackendOptions } from './backendOptions.js';
import { parseShots } from './evaluation/labelLimits.js';
import { collect, positiveInteger, seedNumber } from './optionParsers.js';
import { sayNext } from './sayNext.js';
import type { TransferOptions } from './transfer/transferOptions.js';

/** `audiossl transfer --model RUN --data DIR --out DIR`: how well encoders tell classes apart in sounds that they were not trained on. */
export function registerTransfer(program: Command): void {
  const command = program
    .command('transfer')
    .description(
      'judge encoders on labelled recordings that they never saw, beside random weights and log-mel statistics: linear, nearest neighbours, few labels',
    )
    .requiredOption('--model <run>', 'run folder or .safetensors file, or random: the baselines alone (repeatable)', collect)
    .requiredOption('--data <dir>', 'folder of recordings with labels (repeatable)', collect)
    .requiredOption('--out <dir>', 'folder for the tables; the features are put beside it')
    .option('--checkpoint <which>', 'of the runs: best, last or whitened', 'best')
    .addOption(
      new Option('--format <format>', 'layout of the data folders').choices(['auto', 'fsdnoisy18k', 'csv', 'classFolders']).default('auto'),
    )
    .option('--folds <number>', 'where the data have no fold column: stratified folds of whole recordings', positiveInteger, 5)
    .option('--shots <list>', 'clips a class to learn from, such as 1,5,10; none: no few-label protocol', parseShotsOrNone, [1, 5, 10])
    .option('--draws <number>', 'draws of those clips', positiveInteger, 6)
    .option('--random-seeds <number>', 'random weights: so many draws of them', positiveInteger, 3)
    .option('--seed <number>', 'of folds, draws and intervals', seedNumber, 0)
    .option('--json', 'print the records as JSON')
    .addHelpText('after', '\nEach clip is predicted once, by a classifier that saw neither its fold nor its recording.');
  addBackendOptions(command).action(async (options: TransferOptions & { json?: boolean }) => {
    const [{ interruptible }, { createStages }, { runTransfer }, { describeTransfer }] = await Promise.all([
      import('./interruptible.js'),
      import('./stages.js'),
      import('./transfer/runTransfer.js'),
      import('./transfer/describeTransfer.js'),
    ]);
    const stages = createStages();
    const { records, files } = await interruptible((signal) => runTransfer(options, { onProgress: stages.show, signal })).finally(() =>
      stages.finish(),
    );
    process.stdout.write(options.json === true ? `${JSON.stringify(records)}\n` : describeTransfer(records, files));
    // A run's report shows its own results of this.
    const run = records[0].systems.find(({ model }) => model !== null && !model.endsWith('.safetensors'))?.model;
    if (options.json !== true && run != null) sayNext(['report', run]);
  });
}

function parseShotsOrNone(text: string): number[] {
  return text.trim() === 'none' ? [] : parseShots(text);
}
