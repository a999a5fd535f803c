import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import { type LabelFormat, labelFormatNames, labelFormats } from '../classify/labelFormatNames.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions } from './backendOptions.js';
import type { ClassifyCommandOptions } from './classify/runClassify.js';
import { modelHelp } from './modelHelp.js';
import { positiveInteger, positiveNumber } from './optionParsers.js';
import { addRecordingOptions } from './recordingOptions.js';

/** `audiossl classify [--model RUN] [--probe FILE] --in PATH... --out FILE`: recordings in, labels out. */
export function registerClassify(program: Command): void {
  const command = program
    .command('classify')
    .description('label recordings by the classifier of a supervised run, or by a probe that audiossl evaluate --keep-probe has kept')
    .option('--model <run>', modelHelp)
    .option(
      '--probe <file>',
      "classifier of the encoder's embeddings, kept by audiossl evaluate --keep-probe (default: the run's own, of train)",
    )
    .requiredOption('--in <path...>', 'recordings, folders of them, and manifests: .csv with the column path, .txt with a path a line')
    .requiredOption('--out <path>', 'a .csv file; for raven and audacity a folder')
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .addOption(
      new Option('--format <name>', labelFormatNames.map((name) => `${name}: ${labelFormats[name]}`).join('; '))
        .choices(labelFormatNames)
        .default('csv' satisfies LabelFormat),
    )
    .option('--window <seconds>', 'label stretches of so many seconds (default: each recording as a whole)', positiveNumber)
    .option('--hop <seconds>', 'from one stretch to the next (default: --window)', positiveNumber)
    .option('--threshold <probability>', 'leave out what is less likely', probability, 0)
    .option('--top <number>', 'so many classes of a stretch at most', positiveInteger, 1)
    .option('--classes <name...>', 'only these of the classes');
  addRecordingOptions(command).option('--json', 'print the summary as JSON');
  addBackendOptions(command).action(async (options: ClassifyCommandOptions & Partial<BackendOptions>) => {
    if (options.hop !== undefined && options.window === undefined) throw new UsageError('classify: --hop goes with --window SECONDS');
    const { runClassify } = await import('./classify/runClassify.js');
    await runClassify(options);
  });
}

function probability(value: string): number {
  const number = Number(value);
  if (!(value.trim() !== '' && number >= 0 && number <= 1))
    throw new InvalidArgumentError(`expected a probability, 0 to 1, got "${value}".`);
  return number;
}
