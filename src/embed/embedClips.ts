import * as tf from '@tensorflow/tfjs-core';
import { applyLevel, type ClipLevel } from '../data/clipLevels.js';
import type { PatchRequest } from '../data/FeatureStore.js';
import { gridStarts } from '../data/samplers.js';
import { spreadLook } from '../parallel/BatchSpread.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import { AudiosslError } from '../util/errors.js';

/** What embeds: a loaded model, or a network in training. `embedPatches` takes raw log-mel [n, patchFrames, nMels] and gives [n, dim]. */
export interface PatchEmbedder {
  patchFrames: number;
  patchHop: number;
  /** Patches must come standardised by their clip (`standardiseClip`), not raw. */
  isPerClip?: boolean;
  embedPatches(patches: tf.Tensor3D): tf.Tensor2D;
}

/** What patches are read from: the part of a FeatureStore that is needed here. */
export interface PatchSource {
  readonly nMels: number;
  readonly clips: readonly { numFrames: number }[];
  readPatches(requests: readonly PatchRequest[], patchFrames: number, out?: Float32Array): Promise<Float32Array>;
  /** What models need that standardise every clip by itself. */
  clipLevels?(): Promise<readonly ClipLevel[]>;
}

/** Embedded patches with what the vote needs to know about each; row i of `h` is patch i. */
export interface PatchSet {
  /** [numPatches, dim] row-major, not normalised. */
  h: Float32Array;
  dim: number;
  /** Clip of each patch: any number that is the same for the patches of one clip. */
  clipOfPatch: ArrayLike<number>;
}

export interface PatchEmbeddings extends PatchSet {
  numPatches: number;
  /** Position of the patch's clip in the `clips` that were asked for; the patches of a clip stand together, clips in order. */
  clipOfPatch: Uint32Array;
  /** First frame of each patch. */
  startOfPatch: Uint32Array;
}

/**
 * Embeds every grid patch of the given clips once, in batches across clips. Patches are read while the backend works on the batch before,
 * so memory is bounded by two batches beside the result; a last batch under a quarter joins the one before, since a size of its own costs
 * more than it has patches. Gives the event loop a turn after each batch; stops when `signal` is aborted.
 *
 * Several ranks, which all call this with the same clips, share batches of so many patches a rank, and each gets the embeddings of all, with
 * the same bits; those of one process differ by the rounding of a network that is given other numbers of patches. All stop where the signal
 * of one of them is aborted.
 */
export async function embedClips({
  model,
  store,
  clips,
  batchSize = 128,
  group,
  onProgress,
  signal,
}: {
  model: PatchEmbedder;
  store: PatchSource;
  /** Indices in `store.clips`. */
  clips: ArrayLike<number>;
  batchSize?: number;
  group?: RankGroup;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<PatchEmbeddings> {
  const requests: PatchRequest[] = [];
  const clipOfPatch: number[] = [];
  for (let position = 0; position < clips.length; position++) {
    const clip = clips[position];
    for (const start of gridStarts(store.clips[clip].numFrames, model.patchFrames, model.patchHop)) {
      requests.push({ clip, start });
      clipOfPatch.push(position);
    }
  }
  const numPatches = requests.length;
  const sharedSize = batchSize * (group?.size ?? 1);
  const endOf = (first: number) => (numPatches - first < 1.25 * sharedSize ? numPatches : first + sharedSize);
  const spreadAt = (first: number) => spreadLook(endOf(first) - first, group);
  const levels = model.isPerClip === true ? await levelsOf(store) : undefined;
  const read = async (first: number): Promise<Float32Array> => {
    const { firstOwn, numOwn } = spreadAt(first);
    const some = requests.slice(first + firstOwn, first + firstOwn + numOwn);
    const values = await store.readPatches(some, model.patchFrames);
    return levels === undefined ? values : standardisePatches(values, some, levels);
  };
  let h = new Float32Array(0);
  let dim = 0;
  let next = numPatches > 0 ? read(0) : undefined;
  for (let first = 0; next !== undefined; first = endOf(first)) {
    if (signal !== undefined) stopIfAborted(signal, group);
    const values = await next;
    const end = endOf(first);
    const spread = spreadAt(first);
    next = end < numPatches ? read(end) : undefined;
    // An error below must not leave the reading ahead as an unhandled rejection.
    next?.catch(() => {});
    const batch = tf.tidy(() => spread.collect(embedBatch(model, values, spread.numOwn, store.nMels), 1));
    try {
      const rows = await batch.data<'float32'>();
      if (first === 0) {
        dim = batch.shape[1];
        h = new Float32Array(numPatches * dim);
      }
      h.set(rows, first * dim);
    } finally {
      batch.dispose();
    }
    onProgress?.(end, numPatches);
    await new Promise(setImmediate);
  }
  if (signal !== undefined) stopIfAborted(signal, group);
  return { h, dim, numPatches, clipOfPatch: Uint32Array.from(clipOfPatch), startOfPatch: Uint32Array.from(requests, ({ start }) => start) };
}

/** Ranks that share batches stop after the same one. */
function stopIfAborted(signal: AbortSignal, group: RankGroup | undefined): void {
  if (group === undefined) {
    signal.throwIfAborted();
    return;
  }
  const own = () => tf.tensor2d([[signal.aborted ? 1 : 0]]);
  const isAborted = tf.tidy(() => group.gatherRows(own(), 1, new Array(group.size).fill(1)).dataSync());
  if (isAborted.includes(1)) throw signal.reason ?? new AudiosslError('embedClips: another rank was told to stop');
}

async function levelsOf(store: PatchSource): Promise<readonly ClipLevel[]> {
  if (store.clipLevels !== undefined) return store.clipLevels();
  throw new AudiosslError('embedClips: the model standardises every clip by itself, the source of patches has no clipLevels; give a store');
}

/** Patches that lie one behind the other, each by its clip's own mean and deviation; in place. */
export function standardisePatches(
  values: Float32Array,
  requests: readonly Pick<PatchRequest, 'clip'>[],
  levels: readonly ClipLevel[],
): Float32Array {
  const size = values.length / requests.length;
  for (const [i, { clip }] of requests.entries()) applyLevel(values.subarray(i * size, (i + 1) * size), levels[clip]);
  return values;
}

/** Raw log-mel values of `count` patches -> [count, dim] on the backend. */
export function embedBatch(model: PatchEmbedder, values: Float32Array, count: number, nMels: number): tf.Tensor2D {
  const size = model.patchFrames * nMels;
  return tf.tidy(() => model.embedPatches(tf.tensor3d(values.subarray(0, count * size), [count, model.patchFrames, nMels])));
}

/** How many of the patches each clip has. */
export function patchesPerClip(clipOfPatch: ArrayLike<number>, numClips: number): Uint32Array {
  const counts = new Uint32Array(numClips);
  for (let patch = 0; patch < clipOfPatch.length; patch++) counts[clipOfPatch[patch]]++;
  return counts;
}

/** Mean over the patches of each clip: [numClips, dim] row-major, in the order of the clips asked for. */
export function clipMeans({ h, dim, clipOfPatch }: PatchSet, numClips: number): Float32Array {
  const sums = new Float64Array(numClips * dim);
  const counts = patchesPerClip(clipOfPatch, numClips);
  for (let patch = 0; patch < clipOfPatch.length; patch++) {
    const clip = clipOfPatch[patch];
    for (let i = 0; i < dim; i++) sums[clip * dim + i] += h[patch * dim + i];
  }
  return Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / dim)]);
}
