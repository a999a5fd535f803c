import { type Command, InvalidArgumentError, Option } from 'commander';
import { addBackendOptions } from '../backendOptions.js';
import { formatOption } from '../formatOption.js';
import { modelHelp } from '../modelHelp.js';
import { nonNegativeInteger, positiveInteger, seedNumber } from '../optionParsers.js';
import type { AuditOptions } from './audit/auditOptions.js';

/** `audiossl data audit-labels [--model RUN] --data DIR --out DIR`: which clips' labels the sound speaks against. */
export function registerAuditLabels(data: Command): void {
  const command = data
    .command('audit-labels')
    .description('rank clips whose label disagrees with their sound: csv, and a page to listen to them')
    .option('--model <run>', modelHelp)
    .option('--data <dir>', 'folder of recordings with labels, or a table in it, such as the marked.csv of explore')
    .option('--features <store>', "feature store (default: the run's own)")
    .requiredOption('--out <dir>', 'folder for labels.csv, audit.json and index.html')
    .addOption(
      new Option('--split <name>', "which clips, by the run's split or else the data's own; data without splits are all train")
        .choices(['train', 'validation', 'test', 'all'])
        .default('train'),
    )
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .addOption(formatOption().default('auto'))
    .option('--top <number>', 'clips on the page', nonNegativeInteger, 50)
    .option('--seed <number>', 'of folds and flips', seedNumber, 0)
    .option('--folds <number>', 'of the out-of-fold predictions', positiveInteger, 5)
    .option('--neighbours <number>', 'nearest clips asked', positiveInteger, 20)
    .option('--flip <share>', 'test the audit: give this share of the labels another class first, and count how many are found', share)
    .option('--json', 'print a summary as JSON');
  addBackendOptions(command).action(async (options: AuditOptions) => {
    const [{ interruptible }, { createStages }, { runAudit }, { describeAudit }] = await Promise.all([
      import('../interruptible.js'),
      import('../stages.js'),
      import('./audit/runAudit.js'),
      import('./audit/describeAudit.js'),
    ]);
    const stages = createStages();
    const result = await interruptible((signal) => runAudit(options, { onProgress: stages.show, signal })).finally(() => stages.finish());
    process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : describeAudit(result));
  });
}

function share(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < 1)) throw new InvalidArgumentError(`expected a share between 0 and 1, got "${value}".`);
  return number;
}
