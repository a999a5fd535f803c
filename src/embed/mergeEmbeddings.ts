import { removeTemporaries } from '../util/atomicFile.js';
import { UsageError } from '../util/errors.js';
import { joinTables } from './embeddingTable.js';
import { checkSame, type Shard } from './embedToFile.js';
import { equalRecordings } from './equalRecordings.js';
import { type EmbeddingFile, readEmbeddings } from './readEmbeddings.js';
import { type EmbeddingFormat, filesOf, writeEmbeddings } from './writeEmbeddings.js';

type ShardFacts = Shard & { manifest: string };

/**
 * Puts the shards of one manifest together, in its order, whatever the order they are given in: the file that one process would have made.
 * Throws UsageError for a shard that is missing, there twice, of other recordings, or made by another model.
 *
 * @example
 * ```ts
 * import { embedToFile, findRecordings, loadModel, mergeEmbeddings } from 'audiossl';
 * const model = await loadModel('runs/mine');
 * const recordings = await findRecordings(['my-recordings']);
 * const paths = ['part1.npz', 'part2.npz'];
 * // One process each, on any machine.
 * for (const [i, out] of paths.entries())
 *   await embedToFile({ model, recordings, out, format: 'npz', shard: { index: i + 1, count: 2 } });
 * const { numRecordings } = await mergeEmbeddings({ paths, out: 'all.npz', format: 'npz' });
 * numRecordings; // => 20
 * ```
 */
export async function mergeEmbeddings({
  paths,
  out,
  format,
}: {
  paths: readonly string[];
  out: string;
  format: EmbeddingFormat;
}): Promise<{ numRecordings: number; numRows: number; rejected: { id: string; reason: string }[] }> {
  const files: { path: string; file: EmbeddingFile; shard: ShardFacts }[] = [];
  try {
    for (const path of paths) {
      const file = await readEmbeddings(path);
      files.push({ path, file, shard: file.meta.shard as ShardFacts });
    }
    const shards = inOrder(files);
    const [{ file: first }] = shards;
    const rejected = shards.flatMap(({ file }) => (file.meta.rejected ?? []) as { id: string; reason: string }[]);
    const numRecordings = shards.reduce((sum, { file }) => sum + Number(file.meta.numRecordings), 0);
    const table = joinTables(shards.map(({ file }) => file));
    const filled = shards.flatMap(({ file }) => (file.meta.filled ?? []) as string[]);
    const equal = await equalRecordings(table);
    for (const file of filesOf(out, format)) await removeTemporaries(file);
    const { shard: _, rows: __, dim: ___, ...facts } = first.meta;
    await writeEmbeddings(out, format, table, { ...facts, numRecordings, rejected, filled, equal });
    return { numRecordings, numRows: table.ids.length, rejected };
  } finally {
    for (const { file } of files) await file.close();
  }
}

function inOrder<T extends { path: string; file: EmbeddingFile; shard: ShardFacts }>(files: readonly T[]): T[] {
  const [first] = files;
  for (const { path, file, shard } of files) {
    if (typeof shard?.index !== 'number') throw new UsageError(`embed merge: ${path} is no shard; make the parts with --shard I/N`);
    checkSame(path, file, first.file.meta);
    if (shard.count !== first.shard.count || shard.manifest !== first.shard.manifest) {
      throw new UsageError(`embed merge: ${path} and ${first.path} must be shards of the same recordings, they are of other lists`);
    }
  }
  const { count } = first.shard;
  return Array.from({ length: count }, (_, i) => {
    const found = files.filter(({ shard }) => shard.index === i + 1);
    if (found.length === 1) return found[0];
    const what = found.length === 0 ? 'is missing' : `is given twice (${found.map(({ path }) => path).join(', ')})`;
    throw new UsageError(`embed merge: all ${count} shards are needed once, shard ${i + 1}/${count} ${what}`);
  });
}
