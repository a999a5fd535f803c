import { join } from 'node:path';
import type { FrontEnd } from '../audio/frontEnd.js';
import type { Dataset } from '../data/clip.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { DatasetFormat } from '../data/loadDataset.js';
import { UsageError } from '../util/errors.js';

/**
 * The feature store of a training command: `features` as it is, or the one of the recordings in `data`, made first where it is not there
 * or not complete, beside the run.
 */
export async function openFeatures({
  data,
  dataset,
  features,
  out,
  format,
  frontEnd,
  signal,
}: {
  data?: string;
  /** What is in `data`, where it was listed already. */
  dataset?: Dataset | undefined;
  features?: string;
  /** The run's folder. */
  out: string;
  format: DatasetFormat;
  frontEnd: FrontEnd;
  signal?: AbortSignal;
}): Promise<FeatureStore> {
  const { FeatureStore } = await import('../data/FeatureStore.js');
  if (features !== undefined && data === undefined) return FeatureStore.open(features);
  if (features !== undefined || data === undefined) {
    throw new UsageError('--data DIR (recordings) or --features STORE (made by audiossl features) is needed, one of the two');
  }
  const [{ frontEndHash }, { featureStoreDir }, { describeTroubles }, { makeFeatures }] = await Promise.all([
    import('../audio/frontEnd.js'),
    import('../data/featureStoreDir.js'),
    import('./describeTroubles.js'),
    import('./makeFeatures.js'),
  ]);
  const store = featureStoreDir({ data, out, frontEndHash: frontEndHash(frontEnd) });
  const summary = await makeFeatures({ data, dataset, format, frontEnd, out: store, signal });
  const { status, rejected } = summary;
  if (status !== 'reused') process.stderr.write(describeTroubles(summary, { allIn: join(store, 'rejected.csv'), dir: data }));
  const broken = rejected.length === 1 ? '1 broken recording' : `${rejected.length} broken recordings`;
  process.stderr.write(`features: ${store} (${status}${rejected.length > 0 ? `, ${broken} left out, see rejected.csv` : ''})\n`);
  return FeatureStore.open(store);
}
