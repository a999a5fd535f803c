import type { FeatureStore } from '../data/FeatureStore.js';
import { gridStarts } from '../data/samplers.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import { AudiosslError } from '../util/errors.js';
import { embedClips, type PatchEmbedder, type PatchEmbeddings } from './embedClips.js';
import type { EmbeddingCache } from './embeddingCache.js';

/** So many patches are embedded, checked and put into the cache at a time: what a kill loses, and what is in memory beside the result. */
const PATCHES_AT_ONCE = 16_384;

/**
 * Embeddings of the clips (indices in the store), those that the cache does not have computed and kept. Throws AudiosslError naming a clip
 * whose embedding is not finite.
 */
export async function embedSet({
  model,
  store,
  clips,
  name,
  batchSize,
  cache,
  group,
  onProgress,
  signal,
}: {
  model: PatchEmbedder;
  store: FeatureStore;
  clips: readonly number[];
  /** For the progress: "train". */
  name: string;
  batchSize: number;
  cache?: EmbeddingCache;
  /** Ranks that share the work, see `embedClips`. */
  group?: RankGroup;
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<PatchEmbeddings> {
  const numPatches = (clip: number) => gridStarts(store.clips[clip].numFrames, model.patchFrames, model.patchHop).length;
  const embed = async (some: readonly number[], done: number, total: number): Promise<PatchEmbeddings> => {
    const patches = await embedClips({
      ...{ model, store, clips: some, batchSize, group, signal },
      onProgress: (now) => onProgress?.(`embedding ${name} patches`, done + now, total),
    });
    checkFinite(patches, some, store);
    return patches;
  };
  if (cache === undefined) return embed(clips, 0, sum(clips.map(numPatches)));

  const missing = clips.filter((clip) => !cache.has(clip));
  const total = sum(missing.map(numPatches));
  let done = 0;
  for (const part of parts(missing, numPatches)) {
    const patches = await embed(part, done, total);
    await cache.remember(part, patches);
    done += patches.numPatches;
    // All of them at once: nothing needs to be read back.
    if (part.length === clips.length) return patches;
  }
  return cache.recall(clips);
}

/** The clips in groups of about `PATCHES_AT_ONCE` patches; one clip alone may have more. */
function parts(clips: readonly number[], numPatches: (clip: number) => number): number[][] {
  const groups: number[][] = [];
  let room = 0;
  for (const clip of clips) {
    const size = numPatches(clip);
    if (size > room) {
      groups.push([]);
      room = PATCHES_AT_ONCE;
    }
    groups[groups.length - 1].push(clip);
    room -= size;
  }
  return groups;
}

function checkFinite({ h, dim, clipOfPatch }: PatchEmbeddings, clips: readonly number[], store: FeatureStore): void {
  const broken = h.findIndex((value) => !Number.isFinite(value));
  if (broken < 0) return;
  const { id } = store.clips[clips[clipOfPatch[Math.floor(broken / dim)]]];
  throw new AudiosslError(`embedding: values must be finite, clip ${id} gives ${h[broken]}; the weights of the checkpoint are broken`);
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
