import type { Command } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { EmbeddingFile } from '../embed/readEmbeddings.js';
import type { Neighbour } from '../search/nearestRows.js';
import type { SearchQuery } from '../search/searchQueries.js';
import type { Progress } from '../util/progress.js';
import { addBackendOptions } from './backendOptions.js';
import { positiveInteger } from './optionParsers.js';
import { sayNext } from './sayNext.js';

interface SearchCommandOptions extends Partial<BackendOptions> {
  embeddings: string;
  query: string[];
  top: number;
  model?: string;
  checkpoint?: string;
  self?: boolean;
  page?: string;
  audio?: string;
  json?: boolean;
}

/** `audiossl search --embeddings FILE --query SOUND|CLIP|ROW... --top K`: which recordings sound like this one. */
export function registerSearch(program: Command): void {
  const command = program
    .command('search')
    .description('find the recordings, patches or windows of an embedding file that are nearest to a sound, by cosine similarity; exact')
    .requiredOption('--embeddings <file>', '.npz or .npy made by audiossl embed')
    .requiredOption('--query <what...>', 'sound files, ids of recordings in the file, or rows (0, 1 ...)')
    .option('--top <number>', 'results a query', positiveInteger, 10)
    .option('--model <run>', 'what embeds sound files: the run or .safetensors file that made the embeddings (default: the one that comes with audiossl)') // biome-ignore format: one line
    .option('--checkpoint <which>', 'of a run: best, last, whitened or the path of a file (default: best)')
    .option('--self', 'also find the rows of the query itself')
    .option('--page <dir>', 'write a page there to see and hear what was found')
    .option('--audio <dir>', 'with --page: the folder that was embedded, for sounds and pictures')
    .option('--json', 'print the results as JSON');
  addBackendOptions(command).action(async (options: SearchCommandOptions) => {
    const [{ readEmbeddings }, { interruptible }, { searchQueries }, { nearestRows }, { rowBlocks }] = await Promise.all([
      import('../embed/readEmbeddings.js'),
      import('./interruptible.js'),
      import('../search/searchQueries.js'),
      import('../search/nearestRows.js'),
      import('../search/rowBlocks.js'),
    ]);
    if (options.audio !== undefined) await requireFolder(options);
    if (options.page !== undefined) await (await import('../util/prepareFolder.js')).prepareFolder(options.page, { who: 'search', option: '--page' }); // biome-ignore format: one line
    const file = await readEmbeddings(options.embeddings);
    try {
      const queries = await searchQueries(options.query, file);
      const found = await interruptible(async (signal) => {
        const vectors = await vectorsOf(queries, file, options, signal);
        const isLeftOut = (query: number, row: number) => {
          const of = queries[query];
          return of.kind === 'rows' && of.own.has(row);
        };
        return nearestRows(rowBlocks(file), vectors, {
          dim: file.dim,
          top: options.top,
          signal,
          ...(options.self !== true && { isLeftOut }),
        });
      });
      process.stdout.write(options.json === true ? `${JSON.stringify(asJson(queries, found, file))}\n` : describe(queries, found, file));
      if (options.page !== undefined) {
        const html = await interruptible((signal) => writePage(options.page as string, { queries, found, file, options, signal }));
        process.stderr.write(
          `search: ${html} shows ${options.audio === undefined ? 'this; with --audio FOLDER it plays it too' : 'and plays it'}\n`,
        );
      } else if (options.json !== true) sayNext(nextOf(options));
    } finally {
      await file.close();
    }
  });
}

/** `[queries, dim]`: rows of the file, and embeddings of sounds by the model that made the file. */
async function vectorsOf(
  queries: readonly SearchQuery[],
  file: EmbeddingFile,
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<Float32Array> {
  const [{ meanRow }, { withModel }, { pickBackend }] = await Promise.all([
    import('../search/searchQueries.js'),
    import('./withSubject.js'),
    import('./backendOptions.js'),
  ]);
  const vectors = new Float32Array(queries.length * file.dim);
  for (const [i, query] of queries.entries()) if (query.kind === 'rows') vectors.set(await meanRow(file, query.rows), i * file.dim);
  const sounds = queries.flatMap((query, i) => (query.kind === 'sound' ? { i, path: query.path } : []));
  if (sounds.length === 0) {
    await pickBackend(options);
    return vectors;
  }
  await withModel(options.model, { checkpoint: options.checkpoint, backend: options }, async ({ model }) => {
    const [{ embed }, { checkSameModel }] = await Promise.all([import('../embed/embed.js'), import('../search/checkSameModel.js')]);
    checkSameModel(options.embeddings, file, model);
    for (const { i, path } of sounds) {
      const { h } = await embed({ model, paths: [path], onError: 'fail', signal });
      vectors.set(h, i * file.dim);
    }
  });
  return vectors;
}

/** A folder of recordings that is not there is a wrong word, not a recording that is missing. */
async function requireFolder({ audio = '', page }: SearchCommandOptions): Promise<void> {
  const [{ stat }, { UsageError }] = await Promise.all([import('node:fs/promises'), import('../util/errors.js')]);
  if (page === undefined) throw new UsageError('search: --audio has the sounds of --page FOLDER; give both, or leave --audio out');
  const info = await stat(audio).catch(() => undefined);
  if (!info?.isDirectory()) throw new UsageError(`search: --audio must be the folder of the recordings, got ${audio}, which is ${info ? 'a file' : 'not there'}`); // biome-ignore format: one line
}

/** Writes the page, with a bar while many or long recordings are read; returns its path. */
async function writePage(
  out: string,
  {
    options,
    ...found
  }: {
    queries: readonly SearchQuery[];
    found: readonly Neighbour[][];
    file: EmbeddingFile;
    options: SearchCommandOptions;
    signal: AbortSignal;
  },
): Promise<string> {
  const [{ writeSearchPage }, { createProgress }, { packageVersion }] = await Promise.all([
    import('../search/writeSearchPage.js'),
    import('../util/progress.js'),
    import('../util/packageVersion.js'),
  ]);
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    progress ??= createProgress({ label: 'Reading', total, unit: 'recordings' });
    progress.update(done);
  };
  return writeSearchPage({
    ...found,
    ...{ path: options.embeddings, out, audio: options.audio, onProgress },
    method: 'exact: every row was compared',
    version: packageVersion(),
  }).finally(() => progress?.finish());
}

function nextOf({ embeddings, query, top }: SearchCommandOptions): string[] {
  return ['search', '--embeddings', embeddings, '--query', ...query, '--top', String(top), '--page', 'found', '--audio', 'YOUR_FOLDER'];
}

function asJson(queries: readonly SearchQuery[], found: readonly Neighbour[][], { ids, timestamps }: EmbeddingFile) {
  return queries.map(({ name }, i) => ({
    query: name,
    neighbours: found[i].map(({ row, similarity }, rank) => ({
      ...{ rank: rank + 1, row, clip: ids[row], timestampMs: timestamps[row], similarity },
    })),
  }));
}

function describe(queries: readonly SearchQuery[], found: readonly Neighbour[][], { ids, timestamps, meta }: EmbeddingFile): string {
  const isOfClips = meta.per === 'clip';
  return queries
    .map(({ name }, i) => {
      const lines = found[i].map(({ row, similarity }, rank) => {
        const at = isOfClips ? '' : `  at ${(timestamps[row] / 1000).toFixed(2)} s`;
        return `${String(rank + 1).padStart(4)}  ${similarity.toFixed(4).padStart(7)}  ${ids[row]}${at}\n`;
      });
      return `${name}\n${lines.length === 0 ? '  nothing else is in the file\n' : lines.join('')}`;
    })
    .join('\n');
}
