import { open } from 'node:fs/promises';
import { writeFileAtomicWith } from './atomicFile.js';
import { AudiosslError, errorText } from './errors.js';
import { findRepeatedKey } from './jsonKeys.js';
import { numberOfValues, readFully } from './npy.js';
import type { ReadableFile } from './readableFile.js';

/**
 * The safetensors format: 8 bytes header length (little-endian), the header as JSON, then the values of every tensor one after another.
 * Nothing in it is executed, and every tensor's place is checked before a byte of it is read.
 */
const arrayTypes = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  /** Half precision and bfloat16 as bit patterns. */
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;
export type SafetensorsDtype = keyof typeof arrayTypes;
export type SafetensorsValues =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface SafetensorsTensor {
  dtype: SafetensorsDtype;
  shape: number[];
  data: SafetensorsValues;
}
export interface SafetensorsFile {
  tensors: Map<string, SafetensorsTensor>;
  /** The `__metadata__` of the header: text by name. */
  metadata: Record<string, string>;
}

/** As in the reference implementation: a larger header is an attack or a mistake. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Writes all tensors into one file, atomically and flushed: a reader sees the old file or the whole new one.
 *
 * @example
 * ```ts
 * import { loadSafetensors, saveSafetensors } from 'audiossl';
 * const weight = { dtype: 'F32', shape: [2, 2], data: new Float32Array(4) };
 * await saveSafetensors('w.safetensors', { tensors: new Map([['fc.weight', weight]]), metadata: { format: 'pt' } });
 * (await loadSafetensors('w.safetensors')).metadata; // => { format: 'pt' }
 * ```
 */
export async function saveSafetensors(
  path: string,
  { tensors, metadata = {} }: Omit<SafetensorsFile, 'metadata'> & { metadata?: Record<string, string> },
): Promise<void> {
  // Wide types first keeps every tensor aligned to its own size without holes, which readers do not allow.
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [['__metadata__', metadata]];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === '__metadata__') throw new AudiosslError('saveSafetensors: a tensor cannot be called __metadata__');
    if (!(data instanceof arrayTypes[dtype]) || data.length !== numberOfValues(shape)) {
      throw new AudiosslError(
        `saveSafetensors: ${name}: shape [${shape}] ${dtype} does not fit ${data.length} values of ${data.constructor.name}`,
      );
    }
    entries.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(json, 8);
  await writeFileAtomicWith(path, async (handle) => {
    await handle.writeFile(head);
    for (const [, { data }] of ordered) await handle.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
}

interface Place {
  name: string;
  dtype: SafetensorsDtype;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  /** Where each tensor's values stand: `begin` .. `end`, bytes of the file. */
  places: Place[];
  metadata: Record<string, string>;
}

/**
 * Reads a whole file. Throws AudiosslError naming file and tensor for: a header longer than the file or than 100 MB, bad JSON, repeated names,
 * unknown dtypes, sizes that do not fit the dtype and shape, overlapping or missing byte ranges, bytes left over.
 *
 * @example
 * ```ts
 * import { loadSafetensors, saveSafetensors } from 'audiossl';
 * await saveSafetensors('a.safetensors', { tensors: new Map([['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]) });
 * (await loadSafetensors('a.safetensors')).tensors.get('w').data; // => [1, 2]
 * ```
 */
export async function loadSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, 'r');
  try {
    const { places, metadata } = await readSafetensorsHeader(handle, path);
    const tensors = new Map<string, SafetensorsTensor>();
    for (const place of places) tensors.set(place.name, await readSafetensorsTensor(handle, place, path));
    return { tensors, metadata };
  } finally {
    await handle.close();
  }
}

/** One tensor of an open file. */
export async function readSafetensorsTensor(
  handle: ReadableFile,
  { dtype, shape, begin, end }: SafetensorsHeader['places'][number],
  path: string,
): Promise<SafetensorsTensor> {
  const bytes = new Uint8Array(end - begin);
  await readFully(handle, bytes, begin, path);
  return { dtype, shape, data: new arrayTypes[dtype](bytes.buffer) };
}

/** Where the tensors of an open file are, for reading parts of them; checked and refused as by `loadSafetensors`. */
export async function readSafetensorsHeader(handle: ReadableFile, path: string): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  const lengthBytes = new Uint8Array(8);
  if (size < 8) throw new AudiosslError(`loadSafetensors: ${path}: needs at least 8 bytes, has ${size}`);
  await readFully(handle, lengthBytes, 0, path);
  const headerBytes = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (headerBytes > Math.min(size - 8, MAX_HEADER_BYTES)) {
    throw new AudiosslError(
      `loadSafetensors: ${path}: the header says ${headerBytes} bytes, the file has ${size - 8} (at most ${MAX_HEADER_BYTES}); it is cut off or not safetensors`,
    );
  }
  const raw = new Uint8Array(headerBytes);
  await readFully(handle, raw, 8, path);
  const { places, metadata } = parseHeader(raw, size - 8 - headerBytes, path);
  const start = 8 + headerBytes;
  return { places: places.map((place) => ({ ...place, begin: start + place.begin, end: start + place.end })), metadata };
}

function parseHeader(raw: Uint8Array, dataBytes: number, path: string): SafetensorsHeader {
  const fail = (problem: string): never => {
    throw new AudiosslError(`loadSafetensors: ${path}: ${problem}`);
  };
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
    header = JSON.parse(text);
  } catch (error) {
    return fail(`the header is not JSON: ${errorText(error)}`);
  }
  if (!isRecord(header) || text[0] !== '{') return fail('the header must be a JSON object');
  const repeated = findRepeatedKey(text);
  if (repeated !== undefined) fail(`the name "${repeated}" stands twice in the header`);
  const metadata: Record<string, string> = {};
  const places: Place[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (!isRecord(entry)) return fail(`"${name}" must be an object`);
    if (name !== '__metadata__') places.push(parsePlace(name, entry, fail));
    else {
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== 'string') return fail(`metadata "${key}" must be text`);
        Object.defineProperty(metadata, key, { value, enumerable: true, writable: true, configurable: true });
      }
    }
  }
  let covered = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      fail(`"${name}" starts at byte ${begin}, the tensor before it ends at ${covered}: ranges must neither overlap nor leave holes`);
    covered = end;
  }
  if (covered !== dataBytes) fail(`the tensors cover ${covered} bytes, the file has ${dataBytes}; it is cut off or has bytes left over`);
  return { places, metadata };
}

function parsePlace(name: string, entry: Record<string, unknown>, fail: (problem: string) => never): Place {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrayTypes, dtype))
    return fail(`"${name}" has the unknown dtype ${JSON.stringify(dtype)}`);
  if (!isSizes(shape)) return fail(`"${name}" has the impossible shape ${JSON.stringify(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    return fail(`"${name}" has impossible data_offsets ${JSON.stringify(offsets)}`);
  const bytes = numberOfValues(shape) * arrayTypes[dtype as SafetensorsDtype].BYTES_PER_ELEMENT;
  if (offsets[1] - offsets[0] !== bytes)
    fail(`"${name}": shape [${shape}] ${dtype} needs ${bytes} bytes, data_offsets give ${offsets[1] - offsets[0]}`);
  return { name, dtype: dtype as SafetensorsDtype, shape, begin: offsets[0], end: offsets[1] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
