import type { BackendOptions } from '../../backend/setBackend.js';
import type { EmbeddingFile } from '../../embed/readEmbeddings.js';
import type { Neighbour } from '../../search/nearestRows.js';
import type { SearchQuery } from '../../search/searchQueries.js';
import type { Progress } from '../../util/progress.js';

export interface SearchCommandOptions extends Partial<BackendOptions> {
  embeddings: string;
  query: string[];
  top: number;
  model?: string;
  checkpoint?: string;
  self?: boolean;
  index?: 'usearch';
  page?: string;
  audio?: string;
  json?: boolean;
}

/** What was found, and by which index. */
export interface Answers {
  found: Neighbour[][];
  index?: IndexUsed;
}

export interface IndexUsed {
  path: string;
  /** Of the `top` nearest of so many random rows of the file, the share that it finds; undefined for a file of one row. */
  recall?: { top: number; share: number; rows: number };
}

/** Exactly, or by the index that was asked for. */
export async function answerQueries(
  queries: readonly SearchQuery[],
  file: EmbeddingFile,
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<Answers> {
  const vectors = await vectorsOf(queries, file, options, signal);
  const { top } = options;
  const isOwn = (query: number, row: number) => {
    const of = queries[query];
    return of.kind === 'rows' && of.own.has(row);
  };
  const isLeftOut = options.self === true ? undefined : isOwn;
  if (options.index === undefined) {
    const [{ nearestRows }, { rowBlocks }] = await Promise.all([
      import('../../search/nearestRows.js'),
      import('../../search/rowBlocks.js'),
    ]);
    return { found: await nearestRows(rowBlocks(file), vectors, { dim: file.dim, top, signal, isLeftOut }) };
  }
  const [{ openSearchIndex }, { createProgress }] = await Promise.all([
    import('../../search/openSearchIndex.js'),
    import('../../util/progress.js'),
  ]);
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    progress ??= createProgress({ label: 'Indexing', total, unit: 'rows' });
    progress.update(done);
  };
  const search = await openSearchIndex(options.embeddings, file, { threads: options.threads, signal, onProgress }).finally(() =>
    progress?.finish(),
  );
  if (search.built !== undefined) process.stderr.write(`search: ${search.path} was built, ${search.built}\n`);
  const { at, rows } = search.facts.recall;
  const measured = at.find((each) => each.top >= top) ?? at.at(-1);
  const recall = measured && { ...measured, rows };
  const found = await search.nearest(vectors, { top, isLeftOut });
  search.dispose();
  return { found, index: { path: search.path, recall } };
}

/** `[queries, dim]`: rows of the file, and embeddings of sounds by the model that made the file. */
async function vectorsOf(
  queries: readonly SearchQuery[],
  file: EmbeddingFile,
  options: SearchCommandOptions,
  signal: AbortSignal,
): Promise<Float32Array> {
  const [{ meanRow }, { withModel }, { pickBackend }] = await Promise.all([
    import('../../search/searchQueries.js'),
    import('../withSubject.js'),
    import('../backendOptions.js'),
  ]);
  const vectors = new Float32Array(queries.length * file.dim);
  for (const [i, query] of queries.entries()) if (query.kind === 'rows') vectors.set(await meanRow(file, query.rows), i * file.dim);
  const sounds = queries.flatMap((query, i) => (query.kind === 'sound' ? { i, path: query.path } : []));
  if (sounds.length === 0) {
    await pickBackend(options);
    return vectors;
  }
  await withModel(options.model, { checkpoint: options.checkpoint, backend: options }, async ({ model }) => {
    const [{ embed }, { checkSameModel }] = await Promise.all([import('../../embed/embed.js'), import('../../search/checkSameModel.js')]);
    checkSameModel(options.embeddings, file, model);
    for (const { i, path } of sounds) {
      const { h } = await embed({ model, paths: [path], onError: 'fail', signal });
      vectors.set(h, i * file.dim);
    }
  });
  return vectors;
}
