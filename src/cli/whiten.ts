import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { DatasetFormat } from '../data/loadDataset.js';
import { DEFAULT_SHRINKAGE } from '../embed/defaultShrinkage.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions } from './backendOptions.js';
import { formatOption } from './formatOption.js';
import { modelHelp } from './modelHelp.js';
import { sayNext } from './sayNext.js';
import type { Subject } from './withSubject.js';

interface WhitenCommandOptions extends Partial<BackendOptions> {
  model?: string;
  checkpoint?: string;
  data?: string;
  features?: string;
  format: DatasetFormat;
  out?: string;
  shrinkage: number;
  json?: boolean;
}

/** `audiossl whiten --model RUN [--data DIR]`: a copy of an encoder whose embeddings are decorrelated by recordings without labels. */
export function registerWhiten(program: Command): void {
  const command = program
    .command('whiten')
    .description(
      'decorrelate what an encoder gives out, by recordings without labels: neighbours by cosine become better, often classes too; nothing is trained',
    )
    .option('--model <run>', modelHelp)
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .option('--data <dir>', 'recordings to decorrelate by, such as your own (default: those that the run was trained on)')
    .option('--features <store>', 'the same as a feature store')
    .addOption(formatOption().default('auto'))
    .option('--out <file>', 'the .safetensors to write (default: checkpoints/whitened.safetensors of the run)')
    .option(
      '--shrinkage <share>',
      'share of the correlations that is not believed, 0 to 1; more for few recordings',
      shareOf,
      DEFAULT_SHRINKAGE,
    )
    .option('--json', 'print what was written as JSON');
  addBackendOptions(command).action(async (options: WhitenCommandOptions) => {
    const { model: from, checkpoint, data, features, format, shrinkage, json } = options;
    const out = outputOf(options);
    const [{ interruptible }, { createStages }, { withSubject }, { whitenModel }] = await Promise.all([
      import('./interruptible.js'),
      import('./stages.js'),
      import('./withSubject.js'),
      import('../embed/whitenModel.js'),
    ]);
    const stages = createStages();
    const { numClips, dim } = await interruptible((signal) =>
      withSubject(from, { checkpoint, backend: options, source: { data, features, format, out }, signal }, async (subject) => {
        const clips = await clipsOf(subject, data ?? features);
        return whitenModel({ model: subject.model, store: subject.store, clips, out, shrinkage, onProgress: stages.show, signal });
      }),
    ).finally(() => stages.finish());
    process.stdout.write(
      json === true
        ? `${JSON.stringify({ out, numClips, dim, shrinkage })}\n`
        : `${out}: embeddings of ${dim} values, decorrelated by ${numClips} recordings, shrinkage ${shrinkage}\n`,
    );
    if (json !== true) sayNext(['embed', '--model', out, '--in', 'YOUR_FOLDER', '--out', 'embeddings.npz']);
  });
}

function outputOf({ model, out }: WhitenCommandOptions): string {
  const isRun = model !== undefined && existsSync(join(model, 'checkpoints'));
  if (out === undefined && !isRun) throw new UsageError('whiten: --out FILE.safetensors is needed where --model is no run folder');
  const path = out ?? join(model as string, 'checkpoints', 'whitened.safetensors');
  if (extname(path) !== '.safetensors') throw new UsageError(`whiten: writes a .safetensors file, got --out ${path}`);
  return path;
}

/** Of the run's own recordings those that it trains on; all of those that were named. */
async function clipsOf({ run, store }: Subject, named: string | undefined): Promise<number[] | undefined> {
  if (run === undefined || named !== undefined) return undefined;
  const { readSplit } = await import('../eval/evaluationClips.js');
  const { splitOf } = await readSplit(run.split);
  return [...store.clips.entries()].flatMap(([index, { id }]) => (splitOf.get(id) === 'train' ? [index] : []));
}

function shareOf(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= 0 && number <= 1)) throw new InvalidArgumentError(`expected a share from 0 to 1, got "${value}".`);
  return number;
}
