import { basename, dirname, join, resolve } from 'node:path';
import type { FrontEnd } from '../audio/frontEnd.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { DatasetFormat } from '../data/loadDataset.js';
import { UsageError } from '../util/errors.js';

/**
 * The feature store of a training command: `features` as it is, or the one of the recordings in `data`, made first where it is not there
 * or not complete. It then stands beside the run, in `features/<name of the folder>-<hash of its path and the front end>`, where other
 * runs find it again and another folder of the same name does not.
 */
export async function openFeatures({
  data,
  features,
  out,
  format,
  frontEnd,
  signal,
}: {
  data?: string;
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
  const [{ frontEndHash }, { sha256 }, { makeFeatures }] = await Promise.all([
    import('../audio/frontEnd.js'),
    import('../util/hash.js'),
    import('./makeFeatures.js'),
  ]);
  const dir = resolve(data);
  const store = join(dirname(out), 'features', `${basename(dir)}-${sha256(`${dir}\n${frontEndHash(frontEnd)}`).slice(0, 8)}`);
  const { status, rejected } = await makeFeatures({ data, format, frontEnd, out: store, signal });
  process.stderr.write(
    `features: ${store} (${status}${rejected.length > 0 ? `, ${rejected.length} broken recordings left out, see rejected.csv` : ''})\n`,
  );
  return FeatureStore.open(store);
}
