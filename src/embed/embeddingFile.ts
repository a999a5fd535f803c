import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../util/atomicFile.js';
import { formatCsv } from '../util/csv.js';
import { AudiosslError } from '../util/errors.js';
import { NPY_HEADER_BYTES, npyHeader, readFully, readNpyHeader } from '../util/npy.js';
import { writeNpz } from '../util/npz.js';
import type { EmbeddingRows } from './embeddingRows.js';
import { writeParquetEmbeddings } from './parquetEmbeddings.js';

const embeddingFormats = ['npz', 'npy', 'parquet'] as const;
export type EmbeddingFormat = (typeof embeddingFormats)[number];

/** What `open` of an output gives: rows in, then one finish, or a discard. */
export interface EmbeddingWriter {
  append(rows: EmbeddingRows): Promise<void>;
  /** Checks that exactly `numRows` rows are there, then makes the output appear under its name in one step. */
  finish(numRows: number, meta: Record<string, unknown>): Promise<void>;
  /** Removes what was written. Does nothing after `finish`. */
  discard(): Promise<void>;
}

const ROWS_AT_ONCE = 4096;

/**
 * Writes embeddings of unknown number: rows go to a temporary npy file beside the output, only ids and times stay in memory.
 * `npz` holds `embedding` float32 [rows, dim], `timestamps` float64 ms, `clip` ids and `meta`, a JSON string; `npy` has `<name>.csv`
 * (clip,timestamp) and `<name>.json` (meta) beside it; `parquet` has the columns clip, timestamp and embedding, meta under the key `audiossl`.
 */
export async function openEmbeddingFile(out: string, format: EmbeddingFormat): Promise<EmbeddingWriter> {
  const temporary = join(dirname(out), `.${basename(out)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx+');
  const ids: string[] = [];
  const timestamps: number[] = [];
  let dim = 0;
  let isOpen = true;
  await handle.write(npyHeader({ dtype: 'float32', shape: [0, 1] }));

  const discard = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
    await rm(temporary, { force: true });
  };
  return {
    async append(rows) {
      if (dim !== 0 && rows.dim !== dim) throw new AudiosslError(`embed: rows must have ${dim} values, got ${rows.dim}`);
      dim = rows.dim;
      await handle.writeFile(new Uint8Array(rows.h.buffer, rows.h.byteOffset, rows.h.byteLength));
      for (const id of rows.ids) ids.push(id);
      for (const time of rows.timestamps) timestamps.push(time);
    },
    async finish(numRows, meta) {
      await handle.write(npyHeader({ dtype: 'float32', shape: [ids.length, dim] }), 0, NPY_HEADER_BYTES, 0);
      await handle.sync();
      // Reading the header back holds the file's length against the rows.
      const { shape } = await readNpyHeader(handle, temporary);
      if (shape[0] !== numRows || timestamps.length !== numRows) {
        throw new AudiosslError(`embed: ${out}: the manifest has ${numRows} rows, the file ${shape[0]}`);
      }
      const text = JSON.stringify({ ...meta, rows: numRows, dim });
      const array = { ids, timestamps: Float64Array.from(timestamps), dim, meta: text };
      if (format === 'npy') {
        const stem = out.replace(/\.npy$/, '');
        await writeFileAtomic(
          `${stem}.csv`,
          formatCsv(
            ['clip', 'timestamp'],
            ids.map((id, i) => [id, timestamps[i]]),
          ),
        );
        await writeFileAtomic(`${stem}.json`, `${text}\n`);
        await rename(temporary, out);
      } else if (format === 'npz') {
        await writeNpz(out, {
          embedding: { dtype: 'float32', shape: [numRows, dim], chunks: bodyOf(handle, numRows * dim * 4, temporary) },
          timestamps: { data: array.timestamps, shape: [numRows] },
          clip: { data: ids, shape: [numRows] },
          meta: { data: [text], shape: [] },
        });
      } else {
        const readRows = async (first: number, count: number): Promise<Float32Array> => {
          const rows = new Float32Array(count * dim);
          await readFully(handle, new Uint8Array(rows.buffer), NPY_HEADER_BYTES + first * dim * 4, temporary);
          return rows;
        };
        await writeParquetEmbeddings(out, { ...array, readRows });
      }
      await discard();
    },
    discard,
  };
}

async function* bodyOf(handle: FileHandle, byteLength: number, file: string): AsyncIterable<Uint8Array> {
  const size = ROWS_AT_ONCE * 2048;
  for (let at = 0; at < byteLength; at += size) {
    const chunk = new Uint8Array(Math.min(size, byteLength - at));
    await readFully(handle, chunk, NPY_HEADER_BYTES + at, file);
    yield chunk;
  }
}
