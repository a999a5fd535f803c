import { createHash } from 'node:crypto';
import type { EmbeddingTable } from './embeddingTable.js';

const ROWS_AT_ONCE = 4096;

/**
 * Groups of recordings whose rows are the same, each with two at least, in the table's order: copies of one another, or silence. Reads the
 * rows once, some thousand of them being in memory. The rows of a recording must stand together.
 */
export async function equalRecordings({ ids, dim, readRows }: EmbeddingTable): Promise<string[][]> {
  const byDigest = new Map<string, string[]>();
  let hash = createHash('sha256');
  for (let first = 0; first < ids.length; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, ids.length - first);
    const values = await readRows(first, count);
    for (let from = 0, to = 0; from < count; from = to) {
      const id = ids[first + from];
      while (to < count && ids[first + to] === id) to++;
      hash.update(new Uint8Array(values.buffer, values.byteOffset + 4 * from * dim, 4 * (to - from) * dim));
      if (ids[first + to] === id) continue; // it goes on in the next rows
      const digest = hash.digest('base64');
      const group = byDigest.get(digest);
      if (group === undefined) byDigest.set(digest, [id]);
      else group.push(id);
      hash = createHash('sha256');
    }
  }
  return [...byDigest.values()].filter(({ length }) => length > 1);
}
