import { open } from 'node:fs/promises';
import { writeFileAtomicWith } from './atomicFile.js';
import { AudiosslError } from './errors.js';
import { decodeFloat16, encodeFloat16 } from './float16.js';
import type { ReadableFile } from './readableFile.js';

/**
 * numpy's array file (format version 1.0): magic, a Python dictionary as text, raw little-endian values in C order.
 * Our header is always NPY_HEADER_BYTES long, so that a file whose number of rows is known only at the end
 * can be written row by row and have its header rewritten in place.
 */
export const NPY_HEADER_BYTES = 128;

/** Bytes a value of each dtype that we read and write. `unicode` is fixed-width text, 4 bytes a character. */
const dtypes = {
  float16: ['<f2', 2],
  float32: ['<f4', 4],
  float64: ['<f8', 8],
  int32: ['<i4', 4],
  uint32: ['<u4', 4],
  uint8: ['|u1', 1],
} as const;
export type NpyDtype = keyof typeof dtypes;

export interface NpyHeader {
  dtype: NpyDtype | 'unicode';
  shape: number[];
  /** Bytes of one value. */
  itemBytes: number;
  /** Where the values start in the file. */
  dataOffset: number;
}

export type NpyValues = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array | string[];
export interface NpyArray {
  data: NpyValues;
  shape: number[];
}

const MAX_HEADER_BYTES = 65536;
const CHUNK_BYTES = 64 * 2 ** 20;

export function numberOfValues(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The 128 bytes before the values. `dtype` is a name of ours or numpy's own text (`<U12`). Throws when the shape does not fit. */
export function npyHeader({ dtype, shape }: { dtype: NpyDtype | `<U${number}`; shape: readonly number[] }): Uint8Array {
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new AudiosslError(`npyHeader: sizes must be integers >= 0, got [${shape}]`);
  }
  const descr = dtype in dtypes ? dtypes[dtype as NpyDtype][0] : dtype;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const space = NPY_HEADER_BYTES - 10;
  if (text.length + 1 > space) throw new AudiosslError(`npyHeader: the shape must fit into ${NPY_HEADER_BYTES} bytes, got [${shape}]`);
  const bytes = new Uint8Array(NPY_HEADER_BYTES).fill(0x20);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, space & 255, space >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[NPY_HEADER_BYTES - 1] = 0x0a;
  return bytes;
}

/**
 * Parses the start of a file (its first 64 KiB are enough). Anything that we would not read exactly is refused:
 * other dtypes, big-endian values, Fortran order, pickled objects, sizes that are not exact integers.
 */
export function parseNpyHeader(bytes: Uint8Array, file = 'npy'): NpyHeader {
  const fail = (problem: string): never => {
    throw new AudiosslError(`readNpy: ${file}: ${problem}`);
  };
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) fail('not an npy file (its first 6 bytes are wrong)');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (version < 1 || version > 3) fail(`format version must be 1, 2 or 3, got ${version}`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) fail('the file ends inside its header');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES - 12) fail(`the header must be shorter than ${MAX_HEADER_BYTES} bytes, says ${length}`);
  if (start + length > bytes.length) fail(`the header says ${length} bytes, the file has ${bytes.length - start}`);
  const text = new TextDecoder('latin1').decode(bytes.subarray(start, start + length)).trim();
  const fields = /^\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\s]*)\),?\s*\}$/.exec(text);
  if (fields === null) return fail(`cannot read the header ${JSON.stringify(text.slice(0, 120))}`);
  const [, descr, fortran, tuple] = fields;
  if (fortran === 'True') fail('values must be in C order, got fortran_order True; save numpy.ascontiguousarray(x)');
  const sizes = tuple
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '');
  const shape = sizes.map(Number);
  if (!shape.every(Number.isSafeInteger) || !Number.isSafeInteger(numberOfValues(shape) * 8)) fail(`impossible shape (${tuple})`);
  const known = Object.entries(dtypes).find(([, [name]]) => name === descr);
  const unicode = /^<U(\d{1,6})$/.exec(descr);
  if (known === undefined && unicode === null) {
    fail(`dtype must be one of ${Object.values(dtypes).map(([name]) => name)} or <U, got ${descr}; convert it in numpy with .astype`);
  }
  return {
    dtype: known === undefined ? 'unicode' : (known[0] as NpyDtype),
    itemBytes: known === undefined ? 4 * Number(unicode?.[1]) : known[1][1],
    shape,
    dataOffset: start + length,
  };
}

/** Reads and checks the header of an open file; the file must hold exactly the values that the header promises. */
export async function readNpyHeader(handle: ReadableFile, file: string): Promise<NpyHeader> {
  const start = new Uint8Array(MAX_HEADER_BYTES);
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  const header = parseNpyHeader(start.subarray(0, bytesRead), file);
  const { size } = await handle.stat();
  checkSize(header, size, file);
  return header;
}

function checkSize(header: NpyHeader, fileBytes: number, file: string): void {
  const expected = header.dataOffset + numberOfValues(header.shape) * header.itemBytes;
  if (fileBytes !== expected) {
    throw new AudiosslError(`readNpy: ${file}: shape [${header.shape}] ${header.dtype} needs ${expected} bytes, the file has ${fileBytes}`);
  }
}

/** Raw bytes of the values -> values. Half precision becomes float32. */
export function decodeNpyValues(raw: Uint8Array, header: NpyHeader): NpyValues {
  // A copy puts the values at an aligned address whatever the offset of `raw` in its buffer.
  const aligned = raw.byteOffset % 8 === 0 ? raw : raw.slice();
  const { buffer, byteOffset } = aligned;
  const count = numberOfValues(header.shape);
  switch (header.dtype) {
    case 'float16':
      return decodeFloat16(new Uint16Array(buffer, byteOffset, count));
    case 'float32':
      return new Float32Array(buffer, byteOffset, count);
    case 'float64':
      return new Float64Array(buffer, byteOffset, count);
    case 'int32':
      return new Int32Array(buffer, byteOffset, count);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, count);
    case 'uint8':
      return aligned.subarray(0, count);
    case 'unicode':
      return decodeText(aligned, header.itemBytes / 4, count);
  }
}

function decodeText(bytes: Uint8Array, width: number, count: number): string[] {
  const points = new Uint32Array(bytes.buffer, bytes.byteOffset, width * count);
  return Array.from({ length: count }, (_, i) => {
    let end = (i + 1) * width;
    while (end > i * width && points[end - 1] === 0) end--;
    let text = '';
    for (let at = i * width; at < end; at++) {
      if (points[at] > 0x10ffff) throw new AudiosslError(`readNpy: text holds the impossible character ${points[at]}`);
      text += String.fromCodePoint(points[at]);
    }
    return text;
  });
}

/** Characters of the longest text, 1 at least: numpy's text has one width. */
export function textWidth(texts: readonly string[]): number {
  let width = 1;
  for (const text of texts) {
    // A text has no more characters than units: most need not be looked at.
    if (text.length > width) width = Math.max(width, Array.from(text).length);
  }
  return width;
}

/** 4 bytes a character, zeros up to `width`. */
export function encodeText(texts: readonly string[], width: number): Uint8Array {
  const points = new Uint32Array(width * texts.length);
  texts.forEach((text, i) => {
    let at = i * width;
    for (const character of text) points[at++] = character.codePointAt(0) ?? 0;
  });
  return new Uint8Array(points.buffer);
}

function dtypeOf(data: Exclude<NpyValues, string[]>): NpyDtype {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  return data instanceof Uint32Array ? 'uint32' : 'uint8';
}

/** Header and raw bytes of an array; text becomes numpy's fixed-width unicode, `float16: true` halves a float array. */
export function encodeNpy({ data, shape, float16 = false }: NpyArray & { float16?: boolean }): { header: Uint8Array; body: Uint8Array } {
  if (data.length !== numberOfValues(shape)) throw new AudiosslError(`encodeNpy: shape [${shape}] does not fit ${data.length} values`);
  if (Array.isArray(data)) {
    const width = textWidth(data);
    return { header: npyHeader({ dtype: `<U${width}`, shape }), body: encodeText(data, width) };
  }
  const values = float16 ? encodeFloat16(data) : data;
  const body = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { header: npyHeader({ dtype: float16 ? 'float16' : dtypeOf(data), shape }), body };
}

/**
 * Writes a whole array atomically. numpy reads it with `np.load(path)`, also memory-mapped.
 *
 * @example
 * ```ts
 * import { stat } from 'node:fs/promises';
 * import { writeNpy } from 'audiossl';
 * await writeNpy('patches.npy', { data: new Float32Array(2 * 101 * 96), shape: [2, 101, 96] }); // numpy: np.load('patches.npy')
 * (await stat('patches.npy')).size; // => 128 + 4 * 2 * 101 * 96
 * ```
 */
export async function writeNpy(path: string, array: NpyArray & { float16?: boolean }): Promise<void> {
  const { header, body } = encodeNpy(array);
  await writeFileAtomicWith(path, async (handle) => {
    await handle.writeFile(header);
    await handle.writeFile(body);
  });
}

/**
 * Reads a whole array. Throws AudiosslError naming the file for anything that is not exactly one array that we know.
 *
 * @example
 * ```ts
 * import { readNpy, writeNpy } from 'audiossl';
 * await writeNpy('a.npy', { data: Float32Array.of(1, 2, 3), shape: [3] });
 * await readNpy('a.npy'); // => { data: [1, 2, 3], shape: [3] }
 * ```
 */
export async function readNpy(path: string): Promise<NpyArray> {
  const handle = await open(path, 'r');
  try {
    const header = await readNpyHeader(handle, path);
    const raw = new Uint8Array(numberOfValues(header.shape) * header.itemBytes);
    await readFully(handle, raw, header.dataOffset, path);
    return { data: decodeNpyValues(raw, header), shape: header.shape };
  } finally {
    await handle.close();
  }
}

/** The array inside bytes that are already in memory (a member of an npz file). */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const header = parseNpyHeader(bytes, file);
  checkSize(header, bytes.length, file);
  return { data: decodeNpyValues(bytes.subarray(header.dataOffset), header), shape: header.shape };
}

/** Fills `out` from `position` on; one read call moves at most 2 GiB, so it goes in chunks. Throws when the file ends early. */
export async function readFully(handle: ReadableFile, out: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < out.length; ) {
    const { bytesRead } = await handle.read(out, done, Math.min(CHUNK_BYTES, out.length - done), position + done);
    if (bytesRead === 0) throw new AudiosslError(`${file}: the file ends at byte ${position + done}, ${position + out.length} are needed`);
    done += bytesRead;
  }
}
