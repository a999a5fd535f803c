import type { FeatureStore } from '../../data/FeatureStore.js';
import { clipMeans } from '../../embed/embedClips.js';
import type { EmbeddingCache } from '../../embed/embeddingCache.js';
import { embedSet } from '../../embed/embedSet.js';
import { type EncoderIdentity, openRunEmbeddings } from '../../embed/runEmbeddings.js';
import { createModel, type Model } from '../../model/loadModel.js';
import { canonicalJson, sha256 } from '../../util/hash.js';
import { logMelFeatures } from '../baselines.js';
import type { ClipFeatures } from './transferProtocols.js';

interface EmbedOptions {
  store: FeatureStore;
  /** Indices in the store. */
  clips: readonly number[];
  /** Folder where embeddings are kept, so that each encoder embeds each clip once. */
  dir: string;
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}

const BATCH_SIZE = 128;

/** Mean of h over each clip's grid patches, by the encoder that `encoder` identifies. */
export async function encoderFeatures(
  model: Model,
  { encoder, name, store, clips, dir, onProgress, signal }: EmbedOptions & { encoder: EncoderIdentity; name: string },
): Promise<ClipFeatures> {
  const cache: EmbeddingCache = await openRunEmbeddings({ dir, model, encoder, store });
  try {
    const patches = await embedSet({ model, store, clips, name, batchSize: BATCH_SIZE, cache, onProgress, signal });
    return { values: clipMeans(patches, clips.length), dim: patches.dim };
  } finally {
    await cache.close();
  }
}

/** The same by an encoder of that make before any training, once for each seed of its weights. */
export async function randomWeightsFeatures(
  { metadata, frontEnd }: Pick<Model, 'metadata' | 'frontEnd'>,
  { seeds, ...options }: EmbedOptions & { seeds: readonly number[] },
): Promise<ClipFeatures[]> {
  const features: ClipFeatures[] = [];
  for (const seed of seeds) {
    const model = createModel(metadata, 'random weights', { seed });
    const { encoder, standardisation, patchFrames, patchHop } = metadata;
    const identity = { seed, encoder, standardisation, patchFrames, patchHop, nMels: frontEnd.nMels };
    const name = `random weights, ${sha256(canonicalJson(identity)).slice(0, 16)}`;
    try {
      features.push(
        await encoderFeatures(model, {
          ...options,
          name: `random weights ${seed}`,
          encoder: { name, sha256: sha256(canonicalJson(identity)) },
        }),
      );
    } finally {
      model.dispose();
    }
  }
  return features;
}

/** Mean and deviation of each mel band over the clip. */
export async function logMelStatistics({ store, clips }: Pick<EmbedOptions, 'store' | 'clips'>): Promise<ClipFeatures> {
  return { values: Float32Array.from(await logMelFeatures(store, clips)), dim: 2 * store.nMels, areMixed: true };
}
