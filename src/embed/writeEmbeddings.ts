import { type NewFile, writeFilesAtomic } from '../util/atomicFile.js';
import { type CsvValue, csvLine } from '../util/csv.js';
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
 * under the key `audiossl`; `csv` has clip, timestamp and a column a dimension, with `<name>.json` beside it. Files that belong together
 * appear at one time.
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
  const [path, ...beside] = filesOf(out, format);
  const write: Record<string, NewFile['write']> = {
    json: (handle) => handle.writeFile(`${meta}\n`),
    csv: (handle) => writeCsv(handle, table, format === 'csv'),
    async npy(handle) {
      await handle.writeFile(npyHeader({ dtype: 'float32', shape }));
      for await (const chunk of bytesOf(table)) await handle.writeFile(chunk);
    },
  };
  const endingOf = (file: string) => file.slice(file.lastIndexOf('.') + 1);
  await writeFilesAtomic([...beside.map((file) => ({ path: file, write: write[endingOf(file)] })), { path, write: write[format] }]);
}

/** The output and what stands beside it. */
export function filesOf(out: string, format: EmbeddingFormat): string[] {
  const stem = out.endsWith(`.${format}`) ? out.slice(0, -format.length - 1) : out;
  if (format === 'npy') return [out, `${stem}.csv`, `${stem}.json`];
  return format === 'csv' ? [out, `${stem}.json`] : [out];
}

/** A line a row: clip, timestamp and, with `hasValues`, the values in nine digits, which say a float32 exactly. */
async function writeCsv(handle: Parameters<NewFile['write']>[0], table: EmbeddingTable, hasValues: boolean): Promise<void> {
  const { dim, ids, timestamps, readRows } = table;
  await handle.writeFile(`${csvLine(['clip', 'timestamp', ...Array.from({ length: hasValues ? dim : 0 }, (_, i) => `e${i}`)])}\n`);
  for (let first = 0; first < ids.length; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, ids.length - first);
    const values = hasValues ? await readRows(first, count) : undefined;
    const lines: string[] = [];
    for (let i = 0; i < count; i++) {
      const cells: CsvValue[] = [ids[first + i], timestamps[first + i]];
      if (values) for (const value of values.subarray(i * dim, (i + 1) * dim)) cells.push(Number(value.toPrecision(9)));
      lines.push(`${csvLine(cells)}\n`);
    }
    await handle.writeFile(lines.join(''));
  }
}

async function* bytesOf({ ids, readRows }: EmbeddingTable): AsyncGenerator<Uint8Array, void> {
  for (let first = 0; first < ids.length; first += ROWS_AT_ONCE) {
    const { buffer, byteOffset, byteLength } = await readRows(first, Math.min(ROWS_AT_ONCE, ids.length - first));
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}
