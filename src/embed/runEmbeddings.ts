import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backendInUse } from '../backend/backendInUse.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { gridStarts } from '../data/samplers.js';
import type { Model } from '../model/loadModel.js';
import { canonicalJson, sha256 } from '../util/hash.js';
import { makeFolder } from '../util/makeFolder.js';
import { readFully } from '../util/npy.js';
import { packageVersion } from '../util/packageVersion.js';
import { readSafetensorsHeader, saveSafetensors } from '../util/safetensors.js';
import { clipRuns, type EmbeddingCache, patchesOfClips } from './embeddingCache.js';

/** Whose embeddings they are: a checkpoint by its name in the run and its checksum, or weights of another making by words that say which. */
export interface EncoderIdentity {
  /** Embeddings of an encoder of this name with another checksum are dropped. */
  name: string;
  sha256: string;
}

/** Where one clip's rows stand. */
interface Place {
  segment: Segment;
  firstRow: number;
  numRows: number;
}

/** One file: rows `[n, dim]` of some clips, never changed once it is there. */
interface Segment {
  path: string;
  handle: FileHandle;
  /** Of the values in the file. */
  begin: number;
  dim: number;
}

/** What a file says of itself under the key `audiossl`. */
interface SegmentFacts {
  slot: string;
  key: string;
  /** `[fingerprint, number of patches]` in the order of the rows. */
  clips: [string, number][];
}

/**
 * The embeddings that a run folder keeps of one encoder, for the clips of `store`: float32, as they came from the backend, by the checksum
 * of the encoder, the patch grid, the backend and its precision; a clip is known by the fingerprint of its features, so that any store of
 * the same recordings finds them. A set of clips is a file of its own, written under another name first: what is there is whole, and two
 * evaluations at once only write something twice. Files of an encoder of the same name with other weights or another grid are deleted.
 * In memory is what was asked for and nothing else. Throws AudiosslError for a file that cannot be read or written.
 */
export async function openRunEmbeddings({
  dir,
  model,
  encoder,
  store,
}: {
  /** `embeddings` of the run folder; need not exist. */
  dir: string;
  model: Pick<Model, 'patchFrames' | 'patchHop'>;
  encoder: EncoderIdentity;
  store: FeatureStore;
}): Promise<EmbeddingCache> {
  const { patchFrames, patchHop } = model;
  const { name: backend, device, precision } = backendInUse();
  const slot = sha256(canonicalJson({ name: encoder.name, backend, device, precision })).slice(0, 8);
  const key = sha256(canonicalJson({ slot, encoder: encoder.sha256, patchFrames, patchHop, version: packageVersion() }));
  const fingerprints = await store.fingerprints(Array.from(store.clips.keys()));
  const places = new Map<string, Place>();
  const segments: Segment[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(segments.map(({ handle }) => handle.close()));
    segments.length = 0;
    places.clear();
  };

  /** Takes up a file, deletes it where its embeddings are of no use to anybody, or leaves it to another encoder. */
  async function takeUp(path: string): Promise<void> {
    const handle = await open(path, 'r');
    const facts = await readFacts(handle, path);
    const isOfUse = facts !== undefined && facts.slot === slot && facts.key === key;
    if (!isOfUse) await handle.close();
    if (facts === undefined || (facts.slot === slot && facts.key !== key)) await rm(path, { force: true });
    if (!isOfUse) return;
    const segment: Segment = { path, handle, begin: facts.begin, dim: facts.dim };
    segments.push(segment);
    let firstRow = 0;
    for (const [fingerprint, numRows] of facts.clips) {
      places.set(fingerprint, { segment, firstRow, numRows });
      firstRow += numRows;
    }
  }

  try {
    for (const file of (await namesIn(dir)).sort()) if (file.endsWith('.safetensors')) await takeUp(join(dir, file));
  } catch (error) {
    await close();
    throw error;
  }

  return {
    has: (clip) => places.has(fingerprints[clip]),
    async remember(clips, { h, dim, clipOfPatch }) {
      if (clips.length === 0) return;
      const runs = clipRuns(clipOfPatch, clips.length);
      const facts: SegmentFacts = {
        slot,
        key,
        clips: runs.map(({ position, first, end }) => [fingerprints[clips[position]], end - first]),
      };
      await makeFolder(dir);
      const path = join(dir, `${slot}-${randomBytes(6).toString('hex')}.safetensors`);
      await saveSafetensors(path, {
        tensors: new Map([['h', { dtype: 'F32', shape: [h.length / dim, dim], data: h }]]),
        metadata: { audiossl: JSON.stringify(facts) },
      });
      await takeUp(path);
    },
    async recall(clips) {
      const found = clips.map((clip) => places.get(fingerprints[clip]) as Place);
      const dim = found[0]?.segment.dim ?? 0;
      const { numPatches, clipOfPatch } = patchesOfClips(found.map(({ numRows }) => numRows));
      const startOfPatch = Uint32Array.from(clips.flatMap((clip) => gridStarts(store.clips[clip].numFrames, patchFrames, patchHop)));
      return { h: await readRows(found, numPatches, dim), dim, numPatches, clipOfPatch, startOfPatch };
    },
    close,
  };
}

/** What a file of ours says, or undefined for one that is none, or broken. */
async function readFacts(handle: FileHandle, path: string): Promise<(SegmentFacts & { begin: number; dim: number }) | undefined> {
  try {
    const { places, metadata } = await readSafetensorsHeader(handle, path);
    const [{ name, dtype, shape, begin }] = places;
    const facts = JSON.parse(metadata.audiossl) as SegmentFacts;
    const numRows = facts.clips.reduce((sum, [, count]) => sum + count, 0);
    const isOurs = places.length === 1 && name === 'h' && dtype === 'F32' && shape.length === 2 && shape[0] === numRows;
    return isOurs ? { ...facts, begin, dim: shape[1] } : undefined;
  } catch {
    return undefined;
  }
}

/** Rows of the places, one behind the other; neighbours in a file are read at once. */
async function readRows(places: readonly Place[], numRows: number, dim: number): Promise<Float32Array> {
  const out = new Float32Array(numRows * dim);
  let row = 0;
  for (let first = 0; first < places.length; ) {
    const { segment, firstRow } = places[first];
    let endRow = firstRow;
    let next = first;
    while (next < places.length && places[next].segment === segment && places[next].firstRow === endRow) endRow += places[next++].numRows;
    const bytes = new Uint8Array(out.buffer, row * dim * 4, (endRow - firstRow) * dim * 4);
    await readFully(segment.handle, bytes, segment.begin + firstRow * dim * 4, segment.path);
    row += endRow - firstRow;
    first = next;
  }
  return out;
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
