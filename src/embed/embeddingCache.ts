import type { PatchEmbeddings } from './embedClips.js';

/** Embedded patches of one clip; `h` may be a part of a larger array. */
interface ClipPatches {
  h: Float32Array;
  startOfPatch: Uint32Array;
  dim: number;
}

/**
 * Embeddings of one model on one store by clip (its index in the store), so that protocols, folds and fractions of labels embed each clip
 * once. `new Map()` is an empty one; one for each pair of model and store.
 */
export type EmbeddingCache = Map<number, ClipPatches>;

/** Keeps the patches of `clips`, in whose order they stand; nothing is copied. */
export function remember(cache: EmbeddingCache, clips: readonly number[], { h, dim, clipOfPatch, startOfPatch }: PatchEmbeddings): void {
  let first = 0;
  clips.forEach((clip, position) => {
    let end = first;
    while (end < clipOfPatch.length && clipOfPatch[end] === position) end++;
    cache.set(clip, { h: h.subarray(first * dim, end * dim), startOfPatch: startOfPatch.subarray(first, end), dim });
    first = end;
  });
}

/** What `embedClips` would give for `clips`, all of which must be in the cache. Shares their array where they stand in it one behind the other. */
export function recall(cache: EmbeddingCache, clips: readonly number[]): PatchEmbeddings {
  const parts = clips.map((clip) => cache.get(clip) as ClipPatches);
  const dim = parts[0]?.dim ?? 0;
  const numPatches = parts.reduce((sum, { startOfPatch }) => sum + startOfPatch.length, 0);
  const clipOfPatch = new Uint32Array(numPatches);
  const startOfPatch = new Uint32Array(numPatches);
  let patch = 0;
  parts.forEach((part, position) => {
    clipOfPatch.fill(position, patch, patch + part.startOfPatch.length);
    startOfPatch.set(part.startOfPatch, patch);
    patch += part.startOfPatch.length;
  });
  return { h: joined(parts, numPatches * dim), dim, numPatches, clipOfPatch, startOfPatch };
}

function joined(parts: readonly ClipPatches[], length: number): Float32Array<ArrayBuffer> {
  const [first] = parts;
  if (first === undefined) return new Float32Array(0);
  let offset = first.h.byteOffset;
  const isOnePiece = parts.every(({ h }) => {
    const follows = h.buffer === first.h.buffer && h.byteOffset === offset;
    offset += h.byteLength;
    return follows;
  });
  if (isOnePiece) return new Float32Array(first.h.buffer as ArrayBuffer, first.h.byteOffset, length);
  const all = new Float32Array(length);
  let at = 0;
  for (const { h } of parts) {
    all.set(h, at);
    at += h.length;
  }
  return all;
}
