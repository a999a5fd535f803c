import { writeFileAtomic, writeFileAtomicWith } from '../util/atomicFile.js';
import { csvLine, formatCsv } from '../util/csv.js';
import { npyHeader } from '../util/npy.js';
import { writeNpz } from '../util/npz.js';
import type { EmbeddingTable } from './embeddingTable.js';

export const embeddingFormats = ['npz', 'npy', 'parquet', 'csv'] as const;
export type EmbeddingFormat = (typeof embeddingFormats)[number];

const ROWS_AT_ONCE = 4096;

/**
 * Writes a table into one file that appears whole or not at all, some thousand rows being in memory.
 * `npz` holds `embedding` float32 [rows, dim], `timestamps` float64 ms, `clip` ids and `meta`, a JSON string; `npy` has `<name>.csv`
 * (clip,timestamp) and `<name>.json` (meta) beside it; `parquet` has the columns clip, timestamp and embedding (lists of dim floats), meta
 * under the key `audiossl`; `csv` has clip, timestamp and a column a dimension, with `<name>.json` beside it.
 */
export async function writeEmbeddings(
  out: string,
  format: EmbeddingFormat,
  table: EmbeddingTable,
  facts: Record<string, unknown>,
): Promise<void> {
  const { dim, ids, timestamps, readRows } = table;
  const shape = [ids.length, dim];
  const meta = JSON.stringify({ ...facts, rows: ids.length, dim });
  const stem = out.replace(/\.(npy|csv)$/, '');
  if (format === 'parquet') {
    const { writeParquetEmbeddings } = await import('./parquetEmbeddings.js'); // 150 files of its library, for one format
    return writeParquetEmbeddings(out, { ids, timestamps, dim, meta, readRows });
  }
  if (format === 'npz') {
    return writeNpz(out, {
      embedding: { dtype: 'float32', shape, chunks: bytesOf(table) },
      timestamps: { data: timestamps, shape: [ids.length] },
      clip: { data: [...ids], shape: [ids.length] },
      meta: { data: [meta], shape: [] },
    });
  }
  await writeFileAtomic(`${stem}.json`, `${meta}\n`);
  if (format === 'npy') {
    const times = formatCsv(
      ['clip', 'timestamp'],
      ids.map((id, row) => [id, timestamps[row]]),
    );
    await writeFileAtomic(`${stem}.csv`, times);
    await writeFileAtomicWith(out, async (handle) => {
      await handle.writeFile(npyHeader({ dtype: 'float32', shape }));
      for await (const chunk of bytesOf(table)) await handle.writeFile(chunk);
    });
    return;
  }
  await writeFileAtomicWith(out, async (handle) => {
    await handle.writeFile(`${csvLine(['clip', 'timestamp', ...Array.from({ length: dim }, (_, i) => `e${i}`)])}\n`);
    for (let first = 0; first < ids.length; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, ids.length - first);
      const values = await readRows(first, count);
      const lines: string[] = [];
      for (let i = 0; i < count; i++) {
        // Nine digits say a float32 exactly.
        const row = Array.from(values.subarray(i * dim, (i + 1) * dim), (value) => Number(value.toPrecision(9)));
        lines.push(`${csvLine([ids[first + i], timestamps[first + i], ...row])}\n`);
      }
      await handle.writeFile(lines.join(''));
    }
  });
}

async function* bytesOf({ ids, readRows }: EmbeddingTable): AsyncGenerator<Uint8Array, void> {
  for (let first = 0; first < ids.length; first += ROWS_AT_ONCE) {
    const { buffer, byteOffset, byteLength } = await readRows(first, Math.min(ROWS_AT_ONCE, ids.length - first));
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
