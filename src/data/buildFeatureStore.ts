import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type FrontEnd, frontEndHash } from '../audio/frontEnd.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { formatCsv } from '../util/csv.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { runnableModule } from '../util/packageFile.js';
import { packageVersion } from '../util/packageVersion.js';
import { lockFolder } from './buildLock.js';
import type { Clip, Dataset } from './clip.js';
import type { ClipFeatures, FeaturesPart } from './clipFeatures.js';
import { isFeatureStore } from './isFeatureStore.js';
import { type JournalEntry, openPartialStore, type PartialStore } from './partialStore.js';
import { formatStoreInfo, type ReuseAnswer, readRejected, tryReuse } from './reuseStore.js';
import { sourceOf } from './sourceFile.js';
import { formatStoredClips, partialDir, readStoreInfo, type StoreDtype, type StoredClip, type StoreInfo, storeFile } from './storeFiles.js';
import { runInWorkers } from './workerPool.js';

export interface StoreProgress {
  /** Clips done, rejected ones and those of an earlier run included. */
  done: number;
  total: number;
  numRejected: number;
}

export interface StoreSummary {
  /** Absolute path of the store. */
  dir: string;
  /** built; resumed = completed from a STORE.partial; reused = nothing to do; relabelled = reused, labels or splits written anew. */
  status: 'built' | 'resumed' | 'reused' | 'relabelled';
  numClips: number;
  totalFrames: number;
  /** Recordings left out, in the order of the manifest. */
  rejected: { id: string; reason: string }[];
  /** What decoding had to mend, with `salvage`. */
  warnings: { id: string; warning: string }[];
}

export interface BuildFeatureStoreOptions {
  dataset: Dataset;
  frontEnd: FrontEnd;
  /** Folder to make. */
  out: string;
  dtype?: StoreDtype;
  numWorkers?: number;
  /** What a recording that cannot be used does: be left out and listed in rejected.csv, or stop the build. */
  onError?: 'skip' | 'fail';
  /** Take what can be decoded of damaged recordings. */
  salvage?: boolean;
  /** Use this channel of every recording, 1 being the first; absent = the mean of all. */
  channel?: number;
  /** Replace a store at `out` that was made otherwise or from other files, in place of refusing. */
  rebuild?: boolean;
  onProgress?: (progress: StoreProgress) => void;
  signal?: AbortSignal;
}

/**
 * Makes the feature store of a data set: decode and log-mel on worker threads, one clip at a time each. Works in OUT.partial, which a
 * killed build leaves behind and the next one goes on from; renamed when complete. The files are the same bits whatever the number of
 * workers and kills. A complete store of the same front end and files is reused. Throws UsageError when `out` is something else.
 *
 * @example
 * ```ts
 * import { cp } from 'node:fs/promises';
 * import { buildFeatureStore, loadDataset, resolveFrontEnd } from 'audiossl';
 * await cp('data/esc10/audio/2-71162-A.ogg', 'recordings/rain/1.ogg');
 * const { numClips, totalFrames } = await buildFeatureStore({
 *   dataset: await loadDataset('recordings'),
 *   frontEnd: resolveFrontEnd(),
 *   out: 'rain-features',
 *   numWorkers: 1,
 * });
 * [numClips, totalFrames]; // => [1, 502]
 * ```
 */
export async function buildFeatureStore(options: BuildFeatureStoreOptions): Promise<StoreSummary> {
  const { dataset, frontEnd, dtype = 'float32', onError = 'skip', salvage = false, channel, rebuild = false } = options;
  const out = resolve(options.out);
  if (dataset.isMetadataOnly) throw new UsageError(`buildFeatureStore: ${dataset.dir} must hold recordings, got metadata only`);
  if (dataset.clips.length === 0) throw new UsageError(`buildFeatureStore: ${dataset.dir} must hold at least one clip, got none`);

  if (isFeatureStore(out)) {
    const answer = await tryReuse({ dir: out, dataset, frontEnd, dtype, salvage, channel }).catch((error): ReuseAnswer => {
      if (!rebuild) throw error;
      return { canReuse: false, why: errorText(error) };
    });
    if (answer.canReuse) return reusedSummary(out, answer.isRelabelled, onError);
    if (!rebuild)
      throw new UsageError(
        `buildFeatureStore: ${options.out} is another feature store: ${answer.why}; pass --rebuild to replace it, or another --out`,
      );
  } else if (existsSync(out) && !(await stat(out)).isDirectory()) {
    throw new UsageError(`buildFeatureStore: ${options.out} must be a feature store or not exist, got a file; pass another --out`);
  } else if (existsSync(out) && (await readdir(out)).length > 0) {
    throw new UsageError(
      `buildFeatureStore: ${options.out} must be a feature store or not exist, got a folder with other files; pass another --out`,
    );
  }

  const partial = partialDir(out);
  const unlock = await lockFolder(partial);
  try {
    const key = { frontEndHash: frontEndHash(frontEnd), dtype, salvage, channel, version: packageVersion() };
    const store = await openPartialStore({
      dir: partial,
      key,
      clips: dataset.clips,
      nMels: frontEnd.nMels,
      dtype,
      keepRejected: onError === 'skip',
    });
    const numResumed = store.entries.length;
    try {
      await appendClips(store, options);
      await store.finish();
    } finally {
      await store.close();
    }
    const summary = summarise(out, store.entries, numResumed > 0 ? 'resumed' : 'built');
    if (summary.numClips === 0) {
      const [first] = summary.rejected;
      throw new AudiosslError(
        `buildFeatureStore: none of ${store.entries.length} recordings could be used; the first, ${first.id}: ${first.reason}`,
      );
    }
    await writeTables(partial, dataset, store.entries, { frontEnd, dtype, salvage, channel });
    await replaceStore(partial, out);
    return summary;
  } finally {
    await unlock();
  }
}

/** Every clip that the partial store does not have yet, in order. */
async function appendClips(
  store: PartialStore,
  { dataset, frontEnd, dtype = 'float32', numWorkers = 1, onError, salvage = false, channel, onProgress, signal }: BuildFeatureStoreOptions,
) {
  const jobs: Clip[] = dataset.clips.slice(store.entries.length);
  const total = dataset.clips.length;
  let numRejected = store.entries.filter((entry) => entry.rejected !== undefined).length;
  onProgress?.({ done: store.entries.length, total, numRejected });
  await runInWorkers<Clip, ClipFeatures, FeaturesPart>({
    url: runnableModule('data/clipWorker.js'),
    workerData: { kind: 'features', frontEnd, dtype, salvage, channel },
    numWorkers,
    jobs,
    bytesOf: ({ values }) => values.buffer.byteLength,
    signal,
    onPart: (_, { values }) => store.appendFrames(values),
    async onOutcome(index, outcome) {
      const { id, path } = jobs[index];
      if ('error' in outcome) {
        if (onError === 'fail')
          throw new AudiosslError(`buildFeatureStore: ${id}: ${outcome.error}; mend or delete the file, or pass --on-error skip`);
        numRejected++;
        await store.append({ id, ...(await sourceOf(path)), rejected: outcome.error });
      } else {
        const { values, sums, numFrames, numSamples, sampleRate, sourceBytes, sourceMtimeMs, warnings, contentHash } = outcome.result;
        const entry: JournalEntry = { id, sourceBytes, sourceMtimeMs, written: { numFrames, numSamples, sampleRate, contentHash } };
        if (warnings.length > 0) entry.warnings = warnings;
        await store.append(entry, { values, sums });
      }
      onProgress?.({ done: store.entries.length, total, numRejected });
    },
  });
}

/** clips.csv, rejected.csv and store.json beside the arrays. Nothing in them depends on when or how fast the store was made. */
async function writeTables(
  dir: string,
  dataset: Dataset,
  entries: readonly JournalEntry[],
  made: { frontEnd: FrontEnd; dtype: StoreDtype; salvage: boolean; channel?: number },
) {
  let firstFrame = 0;
  const clips = entries.flatMap(({ written, sourceBytes = 0, sourceMtimeMs = 0 }, i): StoredClip[] => {
    if (written === undefined) return [];
    const clip: StoredClip = { ...dataset.clips[i], ...written, firstFrame, sourceBytes, sourceMtimeMs };
    firstFrame += written.numFrames;
    return [clip];
  });
  const rejected = entries.filter((entry) => entry.rejected !== undefined);
  const info: StoreInfo = {
    schemaVersion: 2,
    frontEnd: made.frontEnd,
    frontEndHash: frontEndHash(made.frontEnd),
    dtype: made.dtype,
    salvage: made.salvage,
    channel: made.channel,
    nMels: made.frontEnd.nMels,
    numClips: clips.length,
    numRejected: rejected.length,
    totalFrames: firstFrame,
    datasetKind: dataset.kind,
    classNames: dataset.classNames,
    versions: { audiossl: packageVersion(), node: process.versions.node },
  };
  await writeFileAtomic(join(dir, storeFile.clips), formatStoredClips(clips));
  await writeFileAtomic(
    join(dir, storeFile.rejected),
    formatCsv(
      ['id', 'reason', 'sourceBytes', 'sourceMtimeMs'],
      rejected.map(({ id, rejected: reason, sourceBytes, sourceMtimeMs }) => [id, reason, sourceBytes, sourceMtimeMs]),
    ),
  );
  await writeFileAtomic(join(dir, storeFile.store), formatStoreInfo(info));
}

/** Puts the finished folder in its place. A kill in between leaves a whole OUT.partial, which the next build only renames. */
async function replaceStore(partial: string, out: string): Promise<void> {
  const old = `${out}.old-${process.pid}`;
  const hadStore = isFeatureStore(out);
  if (hadStore) await rename(out, old);
  else await rm(out, { recursive: true, force: true });
  await rename(partial, out);
  await rm(join(out, storeFile.journal), { force: true });
  await rm(join(out, 'lock'), { force: true });
  if (hadStore) await rm(old, { recursive: true, force: true });
}

function summarise(dir: string, entries: readonly JournalEntry[], status: 'built' | 'resumed'): StoreSummary {
  return {
    dir,
    status,
    numClips: entries.filter((entry) => entry.written !== undefined).length,
    totalFrames: entries.reduce((sum, entry) => sum + (entry.written?.numFrames ?? 0), 0),
    rejected: entries.flatMap(({ id, rejected: reason }) => (reason === undefined ? [] : [{ id, reason }])),
    warnings: entries.flatMap(({ id, warnings = [] }) => warnings.map((warning) => ({ id, warning }))),
  };
}

async function reusedSummary(dir: string, isRelabelled: boolean, onError: 'skip' | 'fail'): Promise<StoreSummary> {
  const info = await readStoreInfo(dir);
  const rejected = [...(await readRejected(dir))].map(([id, { reason }]) => ({ id, reason }));
  if (onError === 'fail' && rejected.length > 0) {
    throw new AudiosslError(
      `buildFeatureStore: ${rejected[0].id}: ${rejected[0].reason}; mend or delete the file, or pass --on-error skip`,
    );
  }
  return {
    dir,
    status: isRelabelled ? 'relabelled' : 'reused',
    numClips: info.numClips,
    totalFrames: info.totalFrames,
    rejected,
    warnings: [],
  };
}
