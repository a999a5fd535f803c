import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedConfig } from '../config/configSchema.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { RunFolder } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';

/** The store given, or the one the run was trained on: its log says from which store or which recordings. */
export async function openRunFeatures({
  run,
  config,
  features,
  signal,
}: {
  run: RunFolder;
  config: ResolvedConfig;
  features?: string;
  signal: AbortSignal;
}): Promise<FeatureStore> {
  const [{ FeatureStore }, { readLog }, { openFeatures }] = await Promise.all([
    import('../data/FeatureStore.js'),
    import('../run/readLog.js'),
    import('./openFeatures.js'),
  ]);
  if (features !== undefined) return FeatureStore.open(features);
  const dataset = (await readLog(run.log)).starts.at(-1)?.dataset;
  if (dataset === undefined || !existsSync(dataset)) {
    const where = dataset === undefined ? 'its log does not say on which' : `${dataset} is not there`;
    throw new UsageError(`the features of ${run.dir} are needed and ${where}; pass --features STORE`);
  }
  if (existsSync(join(dataset, 'store.json'))) return FeatureStore.open(dataset);
  return openFeatures({ data: dataset, out: run.dir, format: config.data.format, frontEnd: config.frontEnd, signal });
}
