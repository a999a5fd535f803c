import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeFrontEndDifference, type FrontEnd } from '../audio/frontEnd.js';
import { writeFilesAtomic } from '../util/atomicFile.js';
import { parseCsv } from '../util/csv.js';
import type { Dataset } from './clip.js';
import { FeatureStore } from './FeatureStore.js';
import { type SourceFile, sameSource, sourceOf } from './sourceFile.js';
import { formatStoredClips, readStoreInfo, type StoreDtype, type StoredClip, storeFile } from './storeFiles.js';

export type ReuseAnswer = { canReuse: true; isRelabelled: boolean } | { canReuse: false; why: string };

/**
 * Compares a complete store with what is asked for: front end, dtype, the list of recordings, size and time of change of each file.
 * Where only labels, splits, folds or groups changed, clips.csv and store.json are written anew and the features stay.
 */
export async function tryReuse({
  dir,
  dataset,
  frontEnd,
  dtype,
  salvage,
  channel,
}: {
  dir: string;
  dataset: Dataset;
  frontEnd: FrontEnd;
  dtype: StoreDtype;
  salvage: boolean;
  channel?: number;
}): Promise<ReuseAnswer> {
  const no = (why: string): ReuseAnswer => ({ canReuse: false, why });
  const info = await readStoreInfo(dir);
  const difference = describeFrontEndDifference(info.frontEnd, frontEnd);
  if (difference !== undefined) return no(`its front end differs (store / asked for): ${difference}`);
  if (info.dtype !== dtype) return no(`its values are ${info.dtype}, asked for ${dtype}`);
  if (info.salvage !== salvage) return no(`it was made with${info.salvage ? '' : 'out'} --salvage`);
  if (info.channel !== channel) {
    const said = (value?: number) => (value === undefined ? 'the mean of all channels' : `channel ${value}`);
    return no(`it holds ${said(info.channel)}, asked for ${said(channel)} (--channel)`);
  }

  const store = await FeatureStore.open(dir);
  await store.close();
  const stored = new Map(store.clips.map((clip) => [clip.id, clip]));
  const sources = new Map<string, SourceFile>([...stored, ...(await readRejected(dir))]);
  for (const { id, path } of dataset.clips) {
    const source = sources.get(id);
    if (source === undefined) return no(`${id} is not in it`);
    if (!sameSource(source, await sourceOf(path))) return no(`${id} changed since it was made`);
    sources.delete(id);
  }
  const [extra] = sources.keys();
  if (extra !== undefined) return no(`${sources.size} of its recordings are no longer in ${dataset.dir}, the first is ${extra}`);

  await rm(join(dir, storeFile.journal), { force: true });
  const clips = dataset.clips.flatMap((clip): StoredClip[] => {
    const old = stored.get(clip.id);
    if (old === undefined) return [];
    const { firstFrame, numFrames, numSamples, sampleRate, sourceBytes, sourceMtimeMs, contentHash } = old;
    return [{ ...clip, firstFrame, numFrames, numSamples, sampleRate, sourceBytes, sourceMtimeMs, contentHash }];
  });
  const clipsText = formatStoredClips(clips);
  const isRelabelled =
    clipsText !== (await readFile(join(dir, storeFile.clips), 'utf8')) || info.classNames.join('\n') !== dataset.classNames.join('\n');
  if (isRelabelled) {
    const infoText = formatStoreInfo({ ...info, schemaVersion: 2, datasetKind: dataset.kind, classNames: dataset.classNames });
    const files = [
      { path: join(dir, storeFile.clips), text: clipsText },
      { path: join(dir, storeFile.store), text: infoText },
    ];
    await writeFilesAtomic(files.map(({ path, text }) => ({ path, write: (handle) => handle.writeFile(text) })));
  }
  return { canReuse: true, isRelabelled };
}

/** rejected.csv: id,reason,sourceBytes,sourceMtimeMs. */
export async function readRejected(dir: string): Promise<Map<string, SourceFile & { reason: string }>> {
  const file = join(dir, storeFile.rejected);
  if (!existsSync(file)) return new Map();
  const { rows } = parseCsv(await readFile(file, 'utf8'), file);
  return new Map(
    rows.map(({ id, reason, sourceBytes, sourceMtimeMs }) => [
      id,
      sourceBytes === '' ? { reason } : { reason, sourceBytes: Number(sourceBytes), sourceMtimeMs: Number(sourceMtimeMs) },
    ]),
  );
}

export function formatStoreInfo(info: object): string {
  return `${JSON.stringify(info, undefined, 2)}\n`;
}
