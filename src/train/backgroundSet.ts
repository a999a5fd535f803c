import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { describeFrontEndDifference, type FrontEnd, frontEndHash } from '../audio/frontEnd.js';
import type { ViewsOptions } from '../augment/viewsOptions.js';
import { FeatureStore, type PatchRequest } from '../data/FeatureStore.js';
import { featureStoreDir } from '../data/featureStoreDir.js';
import { isFeatureStore } from '../data/isFeatureStore.js';
import { sampleStart } from '../data/samplers.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { Rng } from '../util/rng.js';

/** The recordings that `backgroundMix` takes its patches from. */
export interface BackgroundSet {
  /** The run's list, with the set's checksum in it. */
  views: ViewsOptions;
  notes: string[];
  /**
   * A patch of the set for every view of every clip, `[numViews clips.length, patchFrames, nMels]`, the first views of all clips first.
   * They depend on (seed, epoch, clip, view) alone: any clip that is long enough, any start.
   */
  read(of: { seed: number; epoch: number; clips: readonly number[]; numViews: number }): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens the set that a list of views names, undefined where none does. Of a folder of recordings the features are made first, beside the
 * run, as those of `--data` are. Throws UsageError where the set has another front end or checksum, or no clip of a patch's length.
 *
 * @param first of several processes one makes the features
 */
export async function openBackgroundSet({
  who,
  views,
  frontEnd,
  patchFrames,
  out,
  first = (work) => work(),
  signal,
}: {
  who: string;
  views: ViewsOptions;
  frontEnd: FrontEnd;
  patchFrames: number;
  out: string;
  first?: <T>(work: () => Promise<T>) => Promise<T>;
  signal?: AbortSignal;
}): Promise<BackgroundSet | undefined> {
  const options = views.find((view) => view.name === 'backgroundMix');
  if (options === undefined) return undefined;
  const { from } = options;
  const store = await FeatureStore.open(await first(() => storeOf(from, frontEnd, { out, signal })));
  try {
    const difference = describeFrontEndDifference(frontEnd, store.frontEnd);
    if (difference !== undefined) {
      throw new UsageError(
        `${who}: backgroundMix.from ${from} must have the front end of the run, they differ (run / set): ${difference}; make its features with the run's, or name the folder of its recordings`,
      );
    }
    const all = [...store.clips.keys()];
    const checksum = sha256((await store.fingerprints(all)).join('\n'));
    if (options.sha256 !== undefined && options.sha256 !== checksum) {
      throw new UsageError(
        `${who}: backgroundMix.from ${from} has changed: its checksum was ${options.sha256} and is ${checksum}; give the set that it was, or leave sha256 out in a new run`,
      );
    }
    const pool = all.filter((clip) => store.clips[clip].numFrames >= patchFrames);
    if (pool.length === 0) {
      throw new UsageError(`${who}: backgroundMix.from ${from} must have a recording of ${patchFrames} frames, a patch; all are shorter`);
    }
    const short = pool.length < all.length ? `, ${all.length - pool.length} shorter than a patch left out` : '';
    return {
      views: views.map((view) => (view === options ? { ...options, sha256: checksum } : view)),
      notes: [`backgrounds from ${pool.length} recordings of ${basename(from)}${short}, checksum ${checksum.slice(0, 12)}`],
      read({ seed, epoch, clips, numViews }) {
        const drawn: PatchRequest[][] = Array.from({ length: numViews }, () => []);
        for (const clip of clips) {
          const rng = new Rng({ seed, epoch, clip, purpose: 'backgroundMix.background' });
          for (const view of drawn) {
            const background = pool[rng.integer(0, pool.length)];
            view.push({ clip: background, start: sampleStart(rng, store.clips[background].numFrames, patchFrames) });
          }
        }
        return store.readPatches(drawn.flat(), patchFrames);
      },
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The folder of the set's store, made where `from` is one of recordings. */
async function storeOf(from: string, frontEnd: FrontEnd, { out, signal }: { out: string; signal?: AbortSignal }): Promise<string> {
  if (!existsSync(from))
    throw new UsageError(`backgroundMix.from must be a feature store or a folder of recordings, got ${from}, which is not there`);
  if (isFeatureStore(from)) return from;
  // Decoders and worker threads: only where they are needed.
  const [{ loadDataset }, { buildFeatureStore }] = await Promise.all([
    import('../data/loadDataset.js'),
    import('../data/buildFeatureStore.js'),
  ]);
  const dir = featureStoreDir({ data: from, out, frontEndHash: frontEndHash(frontEnd) });
  await buildFeatureStore({ dataset: await loadDataset(from), frontEnd, out: dir, signal });
  return dir;
}
