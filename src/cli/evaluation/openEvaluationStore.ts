import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedConfig } from '../../config/configSchema.js';
import type { DataOptions } from '../../data/dataOptions.js';
import type { FeatureStore } from '../../data/FeatureStore.js';
import type { RunFolder } from '../../run/runFolder.js';
import { UsageError } from '../../util/errors.js';

/** The store given, that of the recordings given, or the one the run was trained on: its log says from which store or recordings. */
export async function openEvaluationStore({
  run,
  config,
  data,
  dataFormat,
  features,
  signal,
}: {
  run: RunFolder;
  config: ResolvedConfig;
  data?: string;
  dataFormat: DataOptions['format'];
  features?: string;
  signal: AbortSignal;
}): Promise<FeatureStore> {
  const [{ FeatureStore }, { readLog }, { openFeatures }] = await Promise.all([
    import('../../data/FeatureStore.js'),
    import('../../run/readLog.js'),
    import('../openFeatures.js'),
  ]);
  const { frontEnd } = config;
  if (data !== undefined) return openFeatures({ data, features, out: run.dir, format: dataFormat, frontEnd, signal });
  if (features !== undefined) return FeatureStore.open(features);
  const dataset = (await readLog(run.log)).starts.at(-1)?.dataset;
  if (dataset === undefined || !existsSync(dataset)) {
    const where = dataset === undefined ? 'its log does not say on which' : `${dataset} is not there`;
    throw new UsageError(`evaluate: the features of ${run.dir} are needed and ${where}; pass --features STORE or --data DIR`);
  }
  if (existsSync(join(dataset, 'store.json'))) return FeatureStore.open(dataset);
  return openFeatures({ data: dataset, out: run.dir, format: config.data.format, frontEnd, signal });
}
