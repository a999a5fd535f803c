import { type FileHandle, open, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { parseCsv, requireColumns } from '../util/csv.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { parseNpy, readFully, readNpyHeader } from '../util/npy.js';
import { storedMembers } from '../util/npz.js';
import type { EmbeddingTable } from './embeddingTable.js';

/** A file that `embed` made, open. */
export interface EmbeddingFile extends EmbeddingTable {
  /** Which model made it, of what, and more: what `writeEmbeddings` was told. */
  meta: Record<string, unknown>;
  close(): Promise<void>;
}

/**
 * Opens an .npz or .npy of ours; rows are read from the disk when asked for. Throws UsageError for another ending, AudiosslError for a
 * file that is not what we write.
 *
 * @example
 * ```ts
 * import { readEmbeddings, writeNpz } from 'audiossl';
 * await writeNpz('two.npz', {
 *   embedding: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
 *   timestamps: { data: Float64Array.of(500, 500), shape: [2] },
 *   clip: { data: ['a.wav', 'b.wav'], shape: [2] },
 *   meta: { data: ['{"per":"clip"}'], shape: [] },
 * });
 * const file = await readEmbeddings('two.npz');
 * const row = await file.readRows(1, 1);
 * await file.close();
 * [file.ids, row]; // => [['a.wav', 'b.wav'], [3, 4]]
 * ```
 */
export async function readEmbeddings(path: string): Promise<EmbeddingFile> {
  const ending = extname(path);
  if (ending !== '.npz' && ending !== '.npy') {
    throw new UsageError(`embed: rows can be added to and merged from .npz and .npy, got ${path}; make one of these first`);
  }
  const handle = await open(path, 'r').catch((error) => {
    throw new AudiosslError(`embed: ${path} must be readable: ${errorText(error)}`, { cause: error });
  });
  try {
    const parts = ending === '.npz' ? await openNpz(handle, path) : await openNpy(handle, path);
    const { shape, dataOffset, ids, timestamps } = parts;
    if (shape.length !== 2 || ids.length !== shape[0] || timestamps.length !== shape[0]) {
      throw new AudiosslError(`embed: ${path}: ${shape} values, ${ids.length} ids and ${timestamps.length} times do not fit together`);
    }
    const [, dim] = shape;
    return {
      dim,
      ids,
      timestamps,
      meta: JSON.parse(parts.meta) as Record<string, unknown>,
      async readRows(first, count) {
        const rows = new Float32Array(count * dim);
        await readFully(handle, new Uint8Array(rows.buffer), dataOffset + first * dim * 4, path);
        return rows;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    if (error instanceof AudiosslError) throw error;
    throw new AudiosslError(`embed: ${path} must be a file that audiossl embed made: ${errorText(error)}`, { cause: error });
  }
}

interface Parts {
  shape: number[];
  dataOffset: number;
  ids: string[];
  timestamps: Float64Array;
  meta: string;
}

async function openNpy(handle: FileHandle, path: string): Promise<Parts> {
  const { dtype, shape, dataOffset } = await readNpyHeader(handle, path);
  if (dtype !== 'float32') throw new AudiosslError(`embed: ${path} must be float32, got ${dtype}`);
  const stem = path.replace(/\.npy$/, '');
  const table = parseCsv(await readFile(`${stem}.csv`, 'utf8'), `${stem}.csv`);
  requireColumns(table, ['clip', 'timestamp'], `${stem}.csv`);
  return {
    ...{ shape, dataOffset },
    ids: table.rows.map(({ clip }) => clip),
    timestamps: Float64Array.from(table.rows, ({ timestamp }) => Number(timestamp)),
    meta: await readFile(`${stem}.json`, 'utf8'),
  };
}

async function openNpz(handle: FileHandle, path: string): Promise<Parts> {
  const members = await storedMembers(handle, path);
  const place = (name: string) => {
    const found = members.get(name);
    if (found === undefined) throw new AudiosslError(`embed: ${path} has no ${name}.npy; it must be a file that audiossl embed made`);
    return found;
  };
  const whole = async (name: string) => {
    const { begin, end } = place(name);
    const bytes = new Uint8Array(end - begin);
    await readFully(handle, bytes, begin, path);
    return parseNpy(bytes, `${path}: ${name}`).data;
  };
  const { header, begin } = place('embedding');
  if (header.dtype !== 'float32') throw new AudiosslError(`embed: ${path}: embedding must be float32, got ${header.dtype}`);
  return {
    shape: header.shape,
    dataOffset: begin + header.dataOffset,
    ids: Array.from((await whole('clip')) as string[], String),
    timestamps: Float64Array.from((await whole('timestamps')) as Float64Array),
    meta: String(await whole('meta')),
  };
}
