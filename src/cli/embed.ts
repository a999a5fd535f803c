import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { EmbedToFileSummary, Shard } from '../embed/embedToFile.js';
import type { RowKind } from '../embed/recordingPatches.js';
import type { EmbeddingFormat } from '../embed/writeEmbeddings.js';
import type { RankPlace } from '../parallel/RankPlace.js';
import { UsageError } from '../util/errors.js';
import { addBackendOptions } from './backendOptions.js';
import { describeTroubles } from './describeTroubles.js';
import { modelHelp } from './modelHelp.js';
import { positiveNumber } from './optionParsers.js';
import { rankPlace } from './ranks/rankPlace.js';
import { rankThreads } from './ranks/rankThreads.js';
import { shardOfRank } from './ranks/shardOfRank.js';
import { addRecordingOptions, type RecordingOptions, recordingProgress } from './recordingOptions.js';
import { sayNext } from './sayNext.js';

interface EmbedCommandOptions extends Partial<BackendOptions>, RecordingOptions {
  model?: string;
  in?: string[];
  out?: string;
  checkpoint?: string;
  format?: EmbeddingFormat;
  per: 'clip' | 'patch' | 'window';
  window?: number;
  hop?: number;
  add?: boolean;
  shard?: Shard;
  json?: boolean;
}

/** `audiossl embed [--model RUN] --in PATH... --out FILE`: recordings in, embeddings out; `embed merge` puts shards together. */
export function registerEmbed(program: Command): void {
  const command = program
    .command('embed')
    .description('embed recordings with a trained encoder: one vector a recording, a patch or a window; a stopped run goes on where it was')
    .option('--model <run>', modelHelp)
    .option('--in <path...>', 'recordings, folders of them, and manifests: .csv with the column path, .txt with a path a line (needed)')
    .option('--out <file>', 'output: .npz, .npy (with .csv and .json beside it), .parquet or .csv (with .json) (needed)')
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .addOption(new Option('--format <name>', 'default: what the ending of --out says').choices(['npz', 'npy', 'parquet', 'csv']))
    .addOption(
      new Option('--per <what>', 'one row a recording (mean over its patches), a patch, or a window of --window seconds every --hop')
        .choices(['clip', 'patch', 'window'])
        .default('clip'),
    )
    .option('--window <seconds>', 'length of a window', positiveNumber)
    .option('--hop <seconds>', 'from one window to the next (default: --window)', positiveNumber)
    .option('--add', 'keep the rows of --out and embed only recordings that it does not have')
    .option(
      '--shard <i/n>',
      'embed part i of n of the recordings, for job arrays; put them together with audiossl embed merge',
      parseShard,
    );
  addRecordingOptions(command).option('--json', 'print the summary as JSON');
  addBackendOptions(command).action(async (options: EmbedCommandOptions) => {
    const { in: paths, out: whole } = required(options);
    const place = rankPlace(process.env);
    const own = place && shardOfRank(place, { out: whole, add: options.add, shard: options.shard });
    const { out, shard } = own ?? { out: whole, shard: options.shard };
    const format = options.format ?? formatOf(out);
    const per = rowKindOf(options);
    const [{ findRecordings }, { prepareOutput }, { interruptible }, { withModel }] = await Promise.all([
      import('../embed/findRecordings.js'),
      import('../embed/prepareOutput.js'),
      import('./interruptible.js'),
      import('./withSubject.js'),
    ]);
    const recordings = await findRecordings(paths, { onNote: (note) => process.stderr.write(`${note}\n`) });
    await prepareOutput(out);
    const threads = place === undefined ? options.threads : threadsOfRank(place, options.threads);
    if (own)
      process.stderr.write(`audiossl: rank ${own.shard.index} of ${own.shard.count} embeds its part of the recordings into ${out}\n`);
    const { add, onError, salvage, channel, batchSize, checkpoint } = options;
    const numWorkers = options.workers ?? (place && threads);
    const summary = await interruptible((signal) =>
      withModel(options.model, { checkpoint, backend: { ...options, threads } }, async ({ model }) => {
        const { embedToFile } = await import('../embed/embedToFile.js');
        const { onProgress, finish } = recordingProgress('Embedding');
        return embedToFile({
          ...{ model, recordings, out, format, per, add, shard, onError, salvage, channel, batchSize, numWorkers, onProgress, signal },
        }).finally(finish);
      }),
    );
    const [folder, ...others] = paths;
    const dir = others.length === 0 && statSync(folder).isDirectory() ? folder : undefined;
    process.stderr.write(describeTroubles(summary, { allIn: "the output's meta", dir }) + describeOddRows(summary));
    process.stdout.write(options.json ? `${JSON.stringify({ out, ...summary })}\n` : `${describe(summary, out, options.per)}\n`);
    if (options.json) return;
    if (own === undefined && shard === undefined) sayWhatToDoWith(out, dir);
    if (own?.shard.index === 1) sayNext(['embed', 'merge', '--in', ...own.parts, '--out', whole]);
  });

  command
    .command('merge')
    .description('put the shards of one list of recordings together, checked to be complete')
    .requiredOption('--in <file...>', 'every shard, .npz or .npy')
    .requiredOption('--out <file>', 'output, as of embed')
    .action(async ({ in: paths, out }: { in: string[]; out: string }) => {
      const [{ mergeEmbeddings }, { prepareOutput }] = await Promise.all([
        import('../embed/mergeEmbeddings.js'),
        import('../embed/prepareOutput.js'),
      ]);
      await prepareOutput(out);
      const { numRecordings, numRows, rejected } = await mergeEmbeddings({ paths, out, format: formatOf(out) });
      process.stdout.write(`${out}: ${numRows} rows of ${numRecordings} recordings, ${rejected.length} broken ones left out\n`);
      sayWhatToDoWith(out);
    });
}

/** Files that are ours to read are looked at; parquet and csv are for other programs. */
function sayWhatToDoWith(out: string, recordings?: string): void {
  const format = extname(out);
  if (format !== '.npz' && format !== '.npy') return;
  if (recordings === undefined) sayNext(['search', '--embeddings', out, '--query', 'YOUR_SOUND.wav']);
  else sayNext(['explore', '--embeddings', out, '--data', recordings, '--out', 'map']);
}

/** A rank's share of the machine; the first one says what was chosen. */
function threadsOfRank(place: RankPlace, asked: number | undefined): number {
  const { threads, note } = rankThreads(place, { asked, env: process.env });
  if (place.rank === 0 && note !== undefined) process.stderr.write(`audiossl: ${note}\n`);
  return threads;
}

/** Options that only `embed` itself needs, not `embed merge`. */
function required({ in: paths, out }: EmbedCommandOptions): { in: string[]; out: string } {
  const missing = Object.entries({ '--in <path...>': paths, '--out <file>': out }).find(([, value]) => value === undefined);
  if (missing !== undefined) throw new UsageError(`embed: ${missing[0]} is needed; audiossl embed --help says more`);
  return { in: paths as string[], out: out as string };
}

function rowKindOf({ per, window, hop }: EmbedCommandOptions): RowKind {
  if (per !== 'window') {
    if (window !== undefined || hop !== undefined) throw new UsageError(`embed: --window and --hop go with --per window, got --per ${per}`);
    return per;
  }
  if (window === undefined) throw new UsageError('embed: --per window needs --window SECONDS');
  return { window, hop: hop ?? window };
}

function parseShard(value: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(value) ?? []).map(Number);
  if (!(index >= 1 && index <= count)) throw new InvalidArgumentError(`expected i/n such as 1/8 with 1 <= i <= n, got "${value}".`);
  return { index, count };
}

function formatOf(out: string): EmbeddingFormat {
  const ending = extname(out).slice(1);
  if (ending === 'npz' || ending === 'npy' || ending === 'parquet' || ending === 'csv') return ending;
  throw new UsageError(`embed: --out must end with .npz, .npy, .parquet or .csv, got ${out}; or pass --format`);
}

function describe({ numEmbedded, numRows, numResumed, numKept, rejected }: EmbedToFileSummary, out: string, per: string): string {
  return [
    `${out}: ${numRows} rows, one a ${per}, of ${numEmbedded} recordings`,
    ...(numKept > 0 ? [`${numKept} recordings were there before`] : []),
    ...(numResumed > 0 ? [`${numResumed} of a stopped run`] : []),
    ...(rejected.length > 0 ? [`${rejected.length} broken ones left out`] : []),
  ].join('; ');
}

/** Rows that say less than they seem to: those of copies, and of recordings filled up from themselves. */
function describeOddRows({ filled, equal }: EmbedToFileSummary): string {
  const shown = equal.slice(0, 10).map((ids) => `equal rows: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ` ... (${ids.length})` : ''}`);
  const lines = [
    ...shown,
    ...(equal.length > 10 ? [`... ${equal.length - 10} more groups of equal rows, all in the output's meta`] : []),
    ...(filled.length > 0
      ? [`${filled.length} recordings are shorter than the front end's minSeconds and were filled up, the first: ${filled[0]}`]
      : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
