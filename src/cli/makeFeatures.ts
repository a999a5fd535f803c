import { availableParallelism } from 'node:os';
import { type BuildFeatureStoreOptions, buildFeatureStore, type StoreSummary } from '../data/buildFeatureStore.js';
import type { Dataset } from '../data/clip.js';
import { type DatasetFormat, loadDataset } from '../data/loadDataset.js';
import { createProgress, type Progress } from '../util/progress.js';

/** Makes or finds the feature store `out` of the recordings in `data`; what was read, and a progress bar, go to standard error. */
export async function makeFeatures({
  data,
  format,
  dataset: listed,
  numWorkers = availableParallelism(),
  ...options
}: {
  data: string;
  format: DatasetFormat;
  /** What is in `data`, where it was listed already: a folder of many recordings takes seconds. */
  dataset?: Dataset | undefined;
} & Omit<BuildFeatureStoreOptions, 'dataset' | 'onProgress'>): Promise<StoreSummary & { notes: string[] }> {
  const dataset = listed ?? (await loadDataset(data, { format }));
  for (const note of dataset.notes) process.stderr.write(`${data}: ${note}\n`);
  let progress: Progress | undefined;
  const summary = await buildFeatureStore({
    ...options,
    dataset,
    numWorkers,
    onProgress({ done, total, numRejected }) {
      progress ??= createProgress({ label: 'Features', total, unit: 'clips', initial: done });
      progress.update(done, numRejected > 0 ? `${numRejected} rejected` : undefined);
    },
  }).finally(() => progress?.finish());
  return { ...summary, notes: dataset.notes };
}
