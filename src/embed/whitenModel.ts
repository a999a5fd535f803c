import { existsSync } from 'node:fs';
import type { FeatureStore } from '../data/FeatureStore.js';
import { loadCheckpoint, saveCheckpoint } from '../model/checkpoint.js';
import { leanCheckpoint } from '../model/leanCheckpoint.js';
import type { Model } from '../model/loadModel.js';
import { WHITENING, whiteningOf } from '../model/whitening.js';
import { UsageError } from '../util/errors.js';
import { DEFAULT_SHRINKAGE } from './defaultShrinkage.js';
import { clipMeans, type PatchSet } from './embedClips.js';
import { embedSet } from './embedSet.js';
import { chainWhitenings, fitWhitening } from './fitWhitening.js';

export interface WhitenModelOptions {
  /** Of a file or run: its checkpoint is copied. */
  model: Model;
  /** Features of the model's front end. */
  store: FeatureStore;
  /** Indices in `store.clips`; their labels are not looked at. Default: all. */
  clips?: readonly number[];
  /** The file to write. */
  out: string;
  /** 0 to 1; default 0.5. */
  shrinkage?: number;
  batchSize?: number;
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Writes a copy of the model whose embeddings are decorrelated and scaled by what they are on these recordings, so that no direction that
 * all sounds share outweighs what tells them apart: see `fitWhitening`. The encoder's weights stay as they are. What only training needs is
 * left out (`leanCheckpoint`), and the classifier, which was fitted to the old embeddings. A model that is whitened already is whitened anew.
 * Throws UsageError for a model in no file and for a shrinkage out of range or too small for so few recordings.
 */
export async function whitenModel({
  model,
  store,
  clips = Array.from(store.clips.keys()),
  out,
  shrinkage = DEFAULT_SHRINKAGE,
  batchSize = 128,
  onProgress,
  signal,
}: WhitenModelOptions): Promise<{ numClips: number; dim: number }> {
  const from = model.checkpoint?.path;
  if (from === undefined || !existsSync(from)) throw new UsageError('whiten: needs the weights of a file, the model is in none');
  if (clips.length < 2) throw new UsageError(`whiten: needs 2 recordings at least, got ${clips.length}`);
  const patches = await embedSet({ model, store, clips, name: 'recordings', batchSize, onProgress, signal });
  return saveWhitened({ from, out, patches, numClips: clips.length, shrinkage });
}

/** The same from embeddings that are there: those of the patches of `numClips` recordings by the model of the file `from`. */
export async function saveWhitened({
  from,
  out,
  patches,
  numClips,
  shrinkage,
}: {
  from: string;
  out: string;
  patches: PatchSet;
  numClips: number;
  shrinkage: number;
}): Promise<{ numClips: number; dim: number }> {
  const { dim } = patches;
  const fitted = fitWhitening(clipMeans(patches, numClips), { dim, shrinkage });
  const { metadata, tensors } = leanCheckpoint(await loadCheckpoint(from));
  const before = whiteningOf(tensors, dim, from);
  const { weight, bias } = before === undefined ? fitted : chainWhitenings(before, fitted);
  await saveCheckpoint(out, {
    metadata: { ...metadata, classNames: [], whitening: { numClips, shrinkage } },
    tensors: new Map([
      ...[...tensors].filter(([name]) => name.startsWith('encoder.')),
      [`${WHITENING}.weight`, { shape: [dim, dim], data: weight }],
      [`${WHITENING}.bias`, { shape: [dim], data: bias }],
    ]),
  });
  return { numClips, dim };
}
