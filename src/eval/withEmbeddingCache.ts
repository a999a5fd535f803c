import { createEmbeddingCache, type EmbeddingCache } from '../embed/embeddingCache.js';
import { openRunEmbeddings } from '../embed/runEmbeddings.js';
import type { Model } from '../model/loadModel.js';
import { runFolder } from '../run/runFolder.js';
import type { EvaluateOptions } from './evaluateOptions.js';

/**
 * Does work with the cache given, else with the embeddings that the run keeps of the model's checkpoint, which are let go of afterwards.
 * Weights that are in no file have no checksum to be known by: their embeddings stay in memory.
 */
export async function withEmbeddingCache<T>(
  {
    cache,
    run,
    model,
    store,
  }: Pick<EvaluateOptions, 'store' | 'cache'> & {
    /** Absent: the model is of no run, its embeddings stay in memory. */
    run?: EvaluateOptions['run'];
    model: Pick<Model, 'checkpoint' | 'patchFrames' | 'patchHop'>;
  },
  work: (cache: EmbeddingCache) => Promise<T>,
): Promise<T> {
  if (cache !== undefined) return work(cache);
  const folder = typeof run === 'string' ? runFolder(run) : run;
  const { checkpoint } = model;
  const opened =
    checkpoint === undefined || folder === undefined
      ? createEmbeddingCache()
      : await openRunEmbeddings({ dir: folder.embeddings, model, encoder: checkpoint, store });
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}
