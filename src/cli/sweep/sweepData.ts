import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { frontEndHash } from '../../audio/frontEnd.js';
import type { Clip } from '../../data/clip.js';
import { FeatureStore } from '../../data/FeatureStore.js';
import { featureStoreDir } from '../../data/featureStoreDir.js';
import type { DatasetFormat } from '../../data/loadDataset.js';
import { loadDataset } from '../../data/loadDataset.js';
import { storeFile } from '../../data/storeFiles.js';
import type { PlannedRun } from '../../sweep/expandSweep.js';
import type { SweepFolder } from '../../sweep/sweepFolder.js';
import { UsageError } from '../../util/errors.js';
import { openFeatures } from '../openFeatures.js';
import type { SweepCommandOptions } from './sweepCommandOptions.js';

/** The clips of --data or --features, which it was, and the store where one is given. */
export async function readClips(
  { data, features }: SweepCommandOptions,
  format: DatasetFormat,
): Promise<{ clips: readonly Clip[]; source: string; store?: Pick<FeatureStore, 'dir' | 'frontEnd'> }> {
  if ((data === undefined) === (features === undefined))
    throw new UsageError('sweep: --data DIR (recordings) or --features STORE (made by audiossl features) is needed, one of the two');
  if (data !== undefined) return { clips: (await loadDataset(data, { format })).clips, source: resolve(data) };
  const store = await FeatureStore.open(features as string);
  await store.close();
  return { clips: store.clips, source: resolve(features as string), store };
}

/** The store that `makeStores` made for a run. Throws UsageError where it is not there. */
export function storeOf(folder: SweepFolder, { name, config }: PlannedRun, { data, features }: SweepCommandOptions): string {
  const dir =
    features ?? featureStoreDir({ data: data as string, out: join(folder.dir, 'any'), frontEndHash: frontEndHash(config.frontEnd) });
  if (existsSync(join(dir, storeFile.store))) return dir;
  throw new UsageError(
    `sweep: the features of run ${name} must be there before its task, got none in ${dir}; give the same line with --prepare first`,
  );
}

/** The store of each run by its name; front ends that differ get one each. */
export async function makeStores(
  folder: SweepFolder,
  runs: readonly PlannedRun[],
  { data, features }: SweepCommandOptions,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const byFrontEnd = new Map<string, string>();
  const stores = new Map<string, string>();
  for (const { name, config } of runs) {
    const hash = frontEndHash(config.frontEnd);
    let dir = byFrontEnd.get(hash);
    if (dir === undefined) {
      const out = join(folder.dir, 'any');
      const store = await openFeatures({ data, features, out, format: config.data.format, frontEnd: config.frontEnd, signal });
      await store.close();
      dir = store.dir;
      byFrontEnd.set(hash, dir);
    }
    stores.set(name, dir);
  }
  return stores;
}
