import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Index } from 'usearch';
import type { EmbeddingTable } from '../embed/embeddingTable.js';
import { pathExists } from '../run/runFolder.js';
import { removeTemporaries, writeFilesAtomic } from '../util/atomicFile.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import { loadUsearch } from '../util/loadUsearch.js';
import { packageVersion } from '../util/packageVersion.js';
import type { Search } from './createSearch.js';
import { isMarked, markOf } from './fileMark.js';
import { factsPath, type IndexFacts, indexSettings, readIndexFacts } from './indexFacts.js';
import { candidatesByIndex, nearestByIndex } from './nearestByIndex.js';
import { recallOf } from './recallOf.js';
import { rowBlocks } from './rowBlocks.js';

/** Embeddings to ask without comparing every row. */
export interface SearchIndex extends Search {
  /** Of the index. */
  path: string;
  /** How it was made, of which file, and its recall: what stands in PATH.json. */
  facts: IndexFacts;
  /** Why it was built now; undefined where it was there already. */
  built?: string;
}

export interface SearchIndexOptions {
  /** Where the index is, or is put, with PATH.json beside it (default: the embeddings' path and `.usearch`). */
  index?: string;
  /** Threads that build and search; 0 = all. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Opens the index of an embedding file, a graph of near neighbours made by usearch (Malkov and Yashunin, "Efficient and robust approximate
 * nearest neighbor search using Hierarchical Navigable Small World graphs", 2018), or builds it where there is none or the file has
 * changed. It is looked into where it lies on the disk; only building holds all of it in memory, 2 bytes a value and some 150 a row. What
 * it names is compared by the values of the file. Its recall is measured against exact search when it is built. Throws AudiosslError where
 * usearch is not installed and for rows that are not finite, UsageError where something else stands in the index's place.
 *
 * @example
 * ```ts
 * import { openSearchIndex, readEmbeddings, writeNpz } from 'audiossl';
 * await writeNpz('three.npz', {
 *   embedding: { data: Float32Array.of(1, 0, 0, 1, 1, 1), shape: [3, 2] },
 *   timestamps: { data: new Float64Array(3), shape: [3] },
 *   clip: { data: ['a.wav', 'b.wav', 'c.wav'], shape: [3] },
 *   meta: { data: ['{"per":"clip"}'], shape: [] },
 * });
 * const file = await readEmbeddings('three.npz');
 * const search = await openSearchIndex('three.npz', file);
 * const [found] = await search.nearest(Float32Array.of(0, 2), { top: 2 });
 * await file.close();
 * found; // => [{ row: 1, similarity: 1 }, { row: 2, similarity: 0.7071 }]
 * ```
 */
export async function openSearchIndex(
  path: string,
  table: EmbeddingTable,
  { index: at = `${path}.usearch`, threads = 0, signal, onProgress }: SearchIndexOptions = {},
): Promise<SearchIndex> {
  const create = await creatorOf(table.dim);
  const before = await readIndexFacts(at);
  const reason = await reasonToBuild(at, before, path, table);
  const facts = reason === undefined ? (before as IndexFacts) : await build(at, { path, table, create, threads, signal, onProgress });
  let index: Index | undefined = create();
  try {
    readIndex(index, at);
  } catch (error) {
    throw new AudiosslError(`search: ${at} must be an index of usearch: ${errorText(error)}; remove it, it is built anew`, {
      cause: error,
    });
  }
  return {
    ...{ path: at, facts, built: reason },
    async nearest(queries, options) {
      if (index === undefined) throw new AudiosslError('search: the index was disposed of; open it again');
      return nearestByIndex(index, table, queries, { ...options, threads });
    },
    dispose() {
      // usearch lets go of its file when the garbage collector finds it unused.
      index = undefined;
    },
  };
}

/** Maps the file where it may: usearch does so for its owner alone (findings/usearch-view-owner-only.sh). Others read it into memory. */
function readIndex(index: Index, at: string): void {
  try {
    index.view(at);
  } catch (error) {
    if (!errorText(error).includes('Operation not permitted')) throw error;
    index.load(at);
  }
}

/** Makes empty indexes; inner products of rows of length 1 are their cosines. */
async function creatorOf(dim: number): Promise<() => Index> {
  const { Index, MetricKind, ScalarKind } = await loadUsearch('search: --index usearch');
  const { connectivity, expansionAdd, expansionSearch } = indexSettings;
  return () =>
    new Index({
      ...{ dimensions: dim, metric: MetricKind.IP, quantization: ScalarKind.F16, connectivity, multi: false },
      ...{ expansion_add: expansionAdd, expansion_search: expansionSearch },
    });
}

/** Undefined where the index is this file's. Throws UsageError where what is there is not ours to replace. */
async function reasonToBuild(
  at: string,
  facts: IndexFacts | undefined,
  path: string,
  { ids, dim }: EmbeddingTable,
): Promise<string | undefined> {
  if (!(await pathExists(at))) return 'there was none';
  if (facts === undefined)
    throw new UsageError(`search: ${at} must have ${basename(factsPath(at))} beside it, whole, which says whose index it is; remove it, or leave --index out`); // biome-ignore format: one line
  const isOfRows = facts.rows === ids.length && facts.dim === dim;
  if (!isOfRows || !(await isMarked(path, facts.embeddings))) return `that of before is of other rows than ${path} has`;
  if (!(await isMarked(at, facts.index))) return 'that of before was changed or cut';
  return canonicalJson(facts.settings) === canonicalJson(indexSettings) ? undefined : 'that of before was made in another way';
}

async function build(
  at: string,
  {
    path,
    table,
    create,
    threads,
    signal,
    onProgress,
  }: { path: string; table: EmbeddingTable; create: () => Index; threads: number } & Pick<SearchIndexOptions, 'signal' | 'onProgress'>,
): Promise<IndexFacts> {
  await access(dirname(at), constants.W_OK).catch((error: unknown) => {
    throw new UsageError(`search: ${at} cannot be written (${errorText(error)}); leave --index out, or copy the embeddings elsewhere`);
  });
  const embeddings = await markOf(path);
  const index = create();
  const { ids, dim } = table;
  for await (const { first, rows, inverseLengths } of rowBlocks(table, { rowsAtOnce: 2048 })) {
    const [count] = rows.shape;
    const unit = tf.tidy(() => tf.mul(rows, tf.transpose(inverseLengths)));
    // Read outside of the tidy, which walks all that it gives back.
    const values = unit.dataSync() as Float32Array;
    tf.dispose([rows, inverseLengths, unit]);
    signal?.throwIfAborted();
    const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(first + i));
    index.add(keys, values, threads);
    onProgress?.(first + count, ids.length);
    await new Promise(setImmediate);
  }
  const recall = await recallOf((queries, options) => candidatesByIndex(index, queries, { ...options, threads }), table, { signal });
  const known = { schemaVersion: 1, program: 'audiossl', version: packageVersion(), rows: ids.length, dim } as const;
  let facts: IndexFacts | undefined;
  let saved = '';
  await removeTemporaries(at);
  await writeFilesAtomic([
    {
      path: at,
      async write(_, temporary) {
        saved = temporary;
        index.save(temporary);
      },
    },
    {
      path: factsPath(at),
      async write(handle) {
        facts = { ...known, embeddings, index: await markOf(saved), settings: indexSettings, recall };
        await handle.writeFile(`${JSON.stringify(facts, null, 2)}\n`);
      },
    },
  ]);
  return facts as IndexFacts;
}
