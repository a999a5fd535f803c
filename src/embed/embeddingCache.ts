import type { PatchEmbeddings } from './embedClips.js';

/**
 * Embeddings of one encoder by clip (its index in one store), so that protocols, folds and fractions of labels embed each clip once.
 * In memory (`createEmbeddingCache`) or in a run folder (`openRunEmbeddings`).
 */
export interface EmbeddingCache {
  has(clip: number): boolean;
  /** Keeps the patches of `clips`, in whose order they stand. */
  remember(clips: readonly number[], patches: PatchEmbeddings): Promise<void>;
  /** What `embedClips` would give for `clips`, all of which must be there. */
  recall(clips: readonly number[]): Promise<PatchEmbeddings>;
  /** Lets go of files. */
  close(): Promise<void>;
}

/** Embedded patches of one clip; `h` may be a part of a larger array. */
interface ClipPatches {
  h: Float32Array;
  startOfPatch: Uint32Array;
  dim: number;
}

/** An empty cache in memory. Nothing is copied: sets that are asked for as they were remembered share their array. */
export function createEmbeddingCache(): EmbeddingCache {
  const kept = new Map<number, ClipPatches>();
  return {
    has: (clip) => kept.has(clip),
    async remember(clips, { h, dim, clipOfPatch, startOfPatch }) {
      for (const { position, first, end } of clipRuns(clipOfPatch, clips.length)) {
        kept.set(clips[position], { h: h.subarray(first * dim, end * dim), startOfPatch: startOfPatch.subarray(first, end), dim });
      }
    },
    async recall(clips) {
      const parts = clips.map((clip) => kept.get(clip) as ClipPatches);
      const dim = parts[0]?.dim ?? 0;
      const { numPatches, clipOfPatch } = patchesOfClips(parts.map(({ startOfPatch }) => startOfPatch.length));
      const startOfPatch = new Uint32Array(numPatches);
      let patch = 0;
      for (const { startOfPatch: starts } of parts) {
        startOfPatch.set(starts, patch);
        patch += starts.length;
      }
      return { h: joined(parts, numPatches * dim), dim, numPatches, clipOfPatch, startOfPatch };
    },
    async close() {},
  };
}

/** Where the patches of each of the clips stand, `first` .. `end`; they stand together, in the order of the clips. */
export function clipRuns(clipOfPatch: ArrayLike<number>, numClips: number): { position: number; first: number; end: number }[] {
  let end = 0;
  return Array.from({ length: numClips }, (_, position) => {
    const first = end;
    while (end < clipOfPatch.length && clipOfPatch[end] === position) end++;
    return { position, first, end };
  });
}

/** The `clipOfPatch` of clips with so many patches each. */
export function patchesOfClips(counts: readonly number[]): { numPatches: number; clipOfPatch: Uint32Array } {
  const numPatches = counts.reduce((sum, count) => sum + count, 0);
  const clipOfPatch = new Uint32Array(numPatches);
  let patch = 0;
  counts.forEach((count, position) => {
    clipOfPatch.fill(position, patch, patch + count);
    patch += count;
  });
  return { numPatches, clipOfPatch };
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
