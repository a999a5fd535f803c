import type { FeatureStore } from '../data/FeatureStore.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { embedClips, type PatchEmbeddings } from './embedClips.js';
import { type EmbeddingCache, recall, remember } from './embeddingCache.js';

/**
 * Embeddings of the clips (indices in the store), those that the cache has not seen computed and kept. Throws AudiosslError naming a clip
 * whose embedding is not finite.
 */
export async function embedSet({
  model,
  store,
  clips,
  name,
  batchSize,
  cache,
  onProgress,
  signal,
}: {
  model: Pick<Model, 'embedPatches' | 'patchFrames' | 'patchHop'>;
  store: FeatureStore;
  clips: readonly number[];
  /** For the progress: "train". */
  name: string;
  batchSize: number;
  cache?: EmbeddingCache;
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<PatchEmbeddings> {
  const missing = cache === undefined ? clips : clips.filter((clip) => !cache.has(clip));
  if (cache !== undefined && missing.length === 0) return recall(cache, clips);
  const patches = await embedClips({
    model,
    store,
    clips: missing,
    batchSize,
    onProgress: (done, total) => onProgress?.(`embedding ${name} patches`, done, total),
    signal,
  });
  const broken = patches.h.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    const clip = store.clips[missing[patches.clipOfPatch[Math.floor(broken / patches.dim)]]].id;
    throw new AudiosslError(
      `evaluate: embeddings must be finite, clip ${clip} gives ${patches.h[broken]}; the weights of the checkpoint are broken`,
    );
  }
  if (cache === undefined) return patches;
  remember(cache, missing, patches);
  return missing.length === clips.length ? patches : recall(cache, clips);
}
