import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { EmbeddingFormat } from '../embed/embeddingFile.js';
import type { EmbedSummary } from '../embed/embedRecordings.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions } from './backendOptions.js';
import { describeTroubles } from './describeTroubles.js';
import { positiveInteger } from './optionParsers.js';

interface EmbedCommandOptions extends Partial<BackendOptions> {
  model: string;
  in: string[];
  out: string;
  checkpoint?: string;
  format?: EmbeddingFormat;
  per: 'clip' | 'patch';
  onError: 'skip' | 'fail';
  salvage?: boolean;
  channel?: number;
  batchSize: number;
  json?: boolean;
}

/** `audiossl embed --model RUN --in PATH... --out FILE`: recordings in, embeddings out. */
export function registerEmbed(program: Command): void {
  const command = program
    .command('embed')
    .description('embed recordings with a trained encoder: one vector a recording, or one a patch with its time')
    .requiredOption('--model <run>', 'run folder or .safetensors file')
    .requiredOption('--in <path...>', 'recordings and folders of recordings')
    .requiredOption('--out <file>', 'output: .npz, .npy (with .csv and .json beside it) or .parquet')
    .option('--checkpoint <which>', 'of a run: best, last or the path of a file (default: best)')
    .addOption(new Option('--format <name>', 'default: what the ending of --out says').choices(['npz', 'npy', 'parquet']))
    .addOption(
      new Option('--per <what>', 'one row a recording (mean over its patches) or one a patch').choices(['clip', 'patch']).default('clip'),
    )
    .addOption(
      new Option('--on-error <what>', 'leave broken recordings out and list them, or stop').choices(['skip', 'fail']).default('skip'),
    )
    .option('--salvage', 'use what can be decoded of damaged recordings')
    .option('--channel <n>', 'use one channel of each recording, 1 being the first (default: the mean of all)', positiveInteger)
    .option('--batch-size <number>', 'patches embedded at once', positiveInteger, 128)
    .option('--json', 'print the summary as JSON');
  addBackendOptions(command).action(async (options: EmbedCommandOptions) => {
    const format = options.format ?? formatOf(options.out);
    const [{ findRecordings }, { prepareOutput }, { interruptible }, { withModel }, { createProgress }] = await Promise.all([
      import('../embed/findRecordings.js'),
      import('../embed/prepareOutput.js'),
      import('./interruptible.js'),
      import('./withSubject.js'),
      import('../util/progress.js'),
    ]);
    const recordings = await findRecordings(options.in);
    await prepareOutput(options.out);
    const { out, per, onError, salvage, channel, batchSize, checkpoint } = options;
    const summary = await interruptible((signal) =>
      withModel(options.model, { checkpoint, backend: options }, async ({ model }) => {
        const { embedToFile } = await import('../embed/embedToFile.js');
        const progress = createProgress({ label: 'Embedding', total: recordings.length, unit: 'recordings' });
        const onProgress = (done: number, _total: number, numRejected: number) =>
          progress.update(done, numRejected > 0 ? `${numRejected} rejected` : undefined);
        return embedToFile({ model, recordings, out, format, per, onError, salvage, channel, batchSize, onProgress, signal }).finally(() =>
          progress.finish(),
        );
      }),
    );
    const [folder, ...others] = options.in;
    const dir = others.length === 0 && statSync(folder).isDirectory() ? folder : undefined;
    process.stderr.write(describeTroubles(summary, { allIn: "the output's meta", dir }));
    process.stdout.write(options.json ? `${JSON.stringify({ out: options.out, ...summary })}\n` : `${describe(summary, options)}\n`);
  });
}

function formatOf(out: string): EmbeddingFormat {
  const ending = extname(out).slice(1);
  if (ending === 'npz' || ending === 'npy' || ending === 'parquet') return ending;
  throw new UsageError(`embed: --out must end with .npz, .npy or .parquet, got ${out}; or pass --format`);
}

function describe({ numEmbedded, numRows, rejected }: EmbedSummary, { out, per }: EmbedCommandOptions): string {
  return `${out}: ${numRows} rows, one a ${per}, of ${numEmbedded} recordings${rejected.length > 0 ? `; ${rejected.length} broken ones left out` : ''}`;
}
