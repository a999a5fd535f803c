import { basename } from 'node:path';
import { FeatureStore } from '../../data/FeatureStore.js';
import { loadDataset } from '../../data/loadDataset.js';
import { readEmbeddings } from '../../embed/readEmbeddings.js';
import { pickBackend } from '../backendOptions.js';
import type { Explored } from './explored.js';
import type { ExploreOptions } from './exploreOptions.js';

/** Opens an embedding file, and what is said of its recordings, for `work`. */
export async function withEmbeddingFile<T>(
  path: string,
  { data, format, features, ...backend }: ExploreOptions,
  work: (explored: Explored) => Promise<T>,
): Promise<T> {
  const dataset = data === undefined ? undefined : await loadDataset(data, { format });
  const file = await readEmbeddings(path);
  let store: FeatureStore | undefined;
  try {
    store = features === undefined ? undefined : await FeatureStore.open(features);
    await pickBackend(backend);
    const title = data === undefined ? basename(path) : `${basename(path)} of ${basename(data)}`;
    return await work({ file, dataset, store, tables: [], notes: [], title });
  } finally {
    await file.close();
    await store?.close();
  }
}
