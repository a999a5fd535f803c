import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { AudiosslError } from '../util/errors.js';
import { decodeFloat16 } from '../util/float16.js';
import { readFully } from '../util/npy.js';
import type { ReadableFile } from '../util/readableFile.js';
import { readSafetensorsHeader, readSafetensorsTensor, type SafetensorsHeader } from '../util/safetensors.js';
import { type CheckpointMetadata, parseMetadata } from './checkpointMetadata.js';
import { tfjsShape, toTfjsLayout, type Values } from './weightLayout.js';

/** Name of the counters of PyTorch's batch norms, int64. */
export const BATCHES = 'num_batches_tracked';

/** A checkpoint whose tensors are read one by one: all of them at once take several times as much memory as the file. */
export interface OpenCheckpoint {
  metadata: CheckpointMetadata;
  /** Shapes by full name, in tfjs's layout. */
  shapes: ReadonlyMap<string, number[]>;
  /** Float32 values in tfjs's layout. */
  read(name: string): Promise<Values>;
  close(): Promise<void>;
}

/** Opens a checkpoint and checks all of it. Throws AudiosslError when the file is broken or is not one of ours. */
export async function openCheckpoint(path: string): Promise<OpenCheckpoint> {
  const handle = await open(path, 'r');
  try {
    const { places, weightsSha256, metadata } = await readHead(handle, path);
    const byName = new Map(places.map((place) => [place.name, place]));
    const placeOf = (name: string) => byName.get(name) as SafetensorsHeader['places'][number];
    if (weightsSha256 !== undefined) {
      const found = await hashWeights(byName.keys(), (name) => chunksOf(handle, placeOf(name), path));
      if (found !== weightsSha256) {
        throw new AudiosslError(
          `loadCheckpoint: ${path}: the weights are damaged: their SHA-256 must be ${weightsSha256.slice(0, 12)}..., got ${found.slice(0, 12)}...; use another checkpoint or a copy`,
        );
      }
    }
    for (const { name, dtype } of places) {
      if (dtype === 'F32' || dtype === 'F16' || name.endsWith(BATCHES)) continue;
      throw new AudiosslError(`loadCheckpoint: ${path}: "${name}" must be F32 or F16, got ${dtype}`);
    }
    return {
      metadata,
      shapes: new Map(places.map(({ name, shape }) => [name, tfjsShape(name, shape)])),
      async read(name) {
        const { dtype, shape, data } = await readSafetensorsTensor(handle, placeOf(name), path);
        if (dtype === 'F32') return toTfjsLayout(name, { shape, data: data as Float32Array });
        if (dtype === 'F16') return toTfjsLayout(name, { shape, data: decodeFloat16(data as Uint16Array) });
        return { shape, data: Float32Array.from(data as ArrayLike<number>, Number) };
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What a checkpoint says about itself; its weights are not looked at. */
export async function readCheckpointMetadata(path: string): Promise<CheckpointMetadata> {
  const handle = await open(path, 'r');
  try {
    return (await readHead(handle, path)).metadata;
  } finally {
    await handle.close();
  }
}

async function readHead(handle: ReadableFile, path: string) {
  const { places, metadata: texts } = await readSafetensorsHeader(handle, path);
  if (!Object.hasOwn(texts, 'audiossl')) {
    throw new AudiosslError(`loadCheckpoint: ${path}: needs the metadata key "audiossl", has ${Object.keys(texts).join(', ') || 'none'}`);
  }
  const { weightsSha256, ...metadata } = parseMetadata(texts.audiossl, path);
  return { places, weightsSha256, metadata };
}

/** SHA-256 of all names and bytes, by name: what the disk or a copy did to a weight shows. */
export async function hashWeights(
  names: Iterable<string>,
  bytesOf: (name: string) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const name of [...names].sort()) {
    hash.update(`${name}\n`);
    for await (const bytes of bytesOf(name)) hash.update(bytes);
  }
  return hash.digest('hex');
}

const CHUNK_BYTES = 2 ** 18;

/** The bytes of a tensor, piece by piece; a piece is overwritten by the next one. */
async function* chunksOf(handle: ReadableFile, { begin, end }: { begin: number; end: number }, path: string): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - begin));
  for (let at = begin; at < end; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, end - at));
    await readFully(handle, piece, at, path);
    yield piece;
  }
}
