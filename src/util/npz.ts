import { readFile, stat } from 'node:fs/promises';
import { unzipSync, Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { writeFileAtomicWith } from './atomicFile.js';
import { AudiosslError, errorText } from './errors.js';
import {
  encodeNpy,
  encodeText,
  type NpyArray,
  type NpyDtype,
  type NpyHeader,
  npyHeader,
  numberOfValues,
  parseNpy,
  parseNpyHeader,
  readFully,
  textWidth,
} from './npy.js';
import type { ReadableFile } from './readableFile.js';

/** An array whose values come in pieces, so that it need not fit into memory. `chunks` must give exactly the bytes of the shape. */
export interface NpzStream {
  dtype: NpyDtype;
  shape: number[];
  chunks: AsyncIterable<Uint8Array>;
}
export type NpzEntry = NpyArray | NpzStream;

/** Plain zip files (without the zip64 extension, which fflate does not write) end at 4 GiB. */
const MAX_BYTES = 4 * 2 ** 30 - 2 ** 20;
const PIECE_BYTES = 8 * 2 ** 20;
const TEXTS_AT_ONCE = 4096;
const bytesOf: Record<NpyDtype, number> = { float16: 2, float32: 4, float64: 8, int32: 4, uint32: 4, uint8: 1 };

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

/** Ids of millions of rows would need many times their own memory at once. */
async function* textPieces(texts: readonly string[], width: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE) yield encodeText(texts.slice(at, at + TEXTS_AT_ONCE), width);
}

/**
 * Writes a numpy archive that `np.load(path, allow_pickle=False)` reads: one `<name>.npy` an entry, stored or deflated, byte for byte
 * the same for the same content. Written in pieces and atomically. Throws AudiosslError when the values need more than 4 GiB.
 *
 * @example
 * ```ts
 * import { readNpz, writeNpz } from 'audiossl';
 * await writeNpz('h.npz', { h: { data: new Float32Array(4), shape: [2, 2] }, clip: { data: ['a.wav', 'b.wav'], shape: [2] } });
 * [...(await readNpz('h.npz')).keys()]; // => ['h', 'clip']
 * ```
 */
export async function writeNpz(
  path: string,
  entries: Record<string, NpzEntry>,
  { compress = false }: { compress?: boolean } = {},
): Promise<void> {
  const members = Object.entries(entries).map(([name, entry]) => {
    if ('chunks' in entry) {
      const byteLength = numberOfValues(entry.shape) * bytesOf[entry.dtype];
      return { name, header: npyHeader(entry), byteLength, chunks: entry.chunks };
    }
    const { data, shape } = entry;
    if (Array.isArray(data) && data.length > TEXTS_AT_ONCE && data.length === numberOfValues(shape)) {
      const width = textWidth(data);
      return {
        name,
        header: npyHeader({ dtype: `<U${width}`, shape }),
        byteLength: 4 * width * data.length,
        chunks: textPieces(data, width),
      };
    }
    const { header, body } = encodeNpy(entry);
    return { name, header, byteLength: body.length, chunks: pieces(body) };
  });
  const total = members.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (total > MAX_BYTES) {
    throw new AudiosslError(
      `writeNpz: ${path}: an npz file holds at most 4 GiB, the arrays need ${(total / 2 ** 30).toFixed(1)} GiB; use --format npy`,
    );
  }
  await writeFileAtomicWith(path, async (handle) => {
    const ready: Uint8Array[] = [];
    let failure: Error | null = null;
    const zip = new Zip((error, chunk) => {
      if (error) failure = error;
      else ready.push(chunk);
    });
    const flush = async (): Promise<void> => {
      if (failure) throw failure;
      for (const chunk of ready.splice(0)) await handle.writeFile(chunk);
    };
    for (const { name, header, byteLength, chunks } of members) {
      const file = compress ? new ZipDeflate(`${name}.npy`, { level: 6 }) : new ZipPassThrough(`${name}.npy`);
      // The time of writing would make equal content differ; 1980 is the zip format's first year.
      file.mtime = new Date(1980, 0, 1);
      zip.add(file);
      file.push(header, byteLength === 0);
      let done = 0;
      for await (const chunk of chunks) {
        done += chunk.length;
        if (done > byteLength) break;
        file.push(chunk, done === byteLength);
        await flush();
      }
      if (done !== byteLength)
        throw new AudiosslError(`writeNpz: ${path}: ${name} must have ${byteLength} bytes, got ${done > byteLength ? 'more' : done}`);
    }
    zip.end();
    await flush();
  });
}

/**
 * Reads a numpy archive of arrays that we know (float, int, fixed-width text). For files that fit into memory.
 * Throws AudiosslError naming the file for a broken archive, pickled objects, or members that unpack to more than `maxBytes`.
 *
 * @example
 * ```ts
 * import { readNpz, writeNpz } from 'audiossl';
 * await writeNpz('a.npz', { h: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } });
 * (await readNpz('a.npz')).get('h').shape; // => [2, 2]
 * ```
 */
export async function readNpz(path: string, { maxBytes = 2 * 2 ** 30 }: { maxBytes?: number } = {}): Promise<Map<string, NpyArray>> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new AudiosslError(`readNpz: ${path}: at most ${maxBytes} bytes are read into memory, the file has ${size}`);
  let total = 0;
  let members: Record<string, Uint8Array>;
  try {
    members = unzipSync(await readFile(path), {
      filter: ({ originalSize }) => {
        total += originalSize;
        if (total > maxBytes) throw new Error(`it unpacks to more than ${maxBytes} bytes`);
        return true;
      },
    });
  } catch (error) {
    throw new AudiosslError(`readNpz: ${path}: not a readable npz file: ${errorText(error)}`, { cause: error });
  }
  return new Map(Object.entries(members).map(([name, bytes]) => [name.replace(/\.npy$/, ''), parseNpy(bytes, `${path}: ${name}`)]));
}

/** Where a member stands in the archive: `begin` .. `end` are bytes of the file, an npy file with this header. */
interface NpzMember {
  header: NpyHeader;
  begin: number;
  end: number;
}

/**
 * Places of the members of an open archive whose members are stored, not deflated, as `writeNpz` leaves them and numpy.savez too: so that
 * rows can be read without the rest. Throws AudiosslError for anything else.
 */
export async function storedMembers(handle: ReadableFile, path: string): Promise<Map<string, NpzMember>> {
  const { size } = await handle.stat();
  const members = new Map<string, NpzMember>();
  const fail = (problem: string): never => {
    throw new AudiosslError(`readNpz: ${path}: ${problem}`);
  };
  const read = async (position: number, length: number): Promise<DataView> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - position)));
    await readFully(handle, bytes, position, path);
    return new DataView(bytes.buffer);
  };
  // The directory at the end says where everything is; it follows the last member and nothing but its own end follows it.
  const tail = await read(Math.max(0, size - 22), 22);
  if (tail.byteLength < 22 || tail.getUint32(0, true) !== 0x06054b50) fail('not a zip file, or cut off');
  const numMembers = tail.getUint16(10, true);
  const directoryAt = tail.getUint32(16, true);
  const directory = await read(directoryAt, size - 22 - directoryAt);
  let at = 0;
  for (let i = 0; i < numMembers; i++) {
    if (at + 46 > directory.byteLength || directory.getUint32(at, true) !== 0x02014b50) fail('its directory is broken');
    const method = directory.getUint16(at + 10, true);
    const numBytes = directory.getUint32(at + 24, true);
    const nameBytes = directory.getUint16(at + 28, true);
    const local = directory.getUint32(at + 42, true);
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameBytes)).replace(/\.npy$/, '');
    if (method !== 0) fail(`${name} is compressed`);
    at += 46 + nameBytes + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    const head = await read(local, 30);
    if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) fail(`${name} is not where the directory says`);
    const begin = local + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    const start = await read(begin, Math.min(numBytes, 65536));
    const header = parseNpyHeader(new Uint8Array(start.buffer), `${path}: ${name}`);
    if (header.dataOffset + numberOfValues(header.shape) * header.itemBytes !== numBytes) fail(`${name} has another length than it says`);
    members.set(name, { header, begin, end: begin + numBytes });
  }
  return members;
}
