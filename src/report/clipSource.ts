import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FeatureStore } from '../data/FeatureStore.js';
import { featureStoreDir } from '../data/featureStoreDir.js';
import { isFeatureStore } from '../data/isFeatureStore.js';
import { isTableName } from '../data/tableName.js';
import type { EvaluationRecord } from '../run/evaluationRecord.js';
import { AudiosslError } from '../util/errors.js';
import { insideFolder } from '../util/insideFolder.js';
import type { RunReport } from './collectRun.js';

/** Where the clips of an evaluation can be heard and seen. Whoever opens it closes it. */
export interface ClipSource {
  /** The recording of a clip; undefined where it cannot be known. */
  pathOf(id: string): string | undefined;
  /** For pictures. */
  store: FeatureStore | undefined;
  indexOf(id: string): number | undefined;
  /** What keeps recordings or features away, for the reader. */
  note: string | undefined;
  close(): Promise<void>;
}

/** By what the log says of the run's data: a feature store, whose table names the recordings, or their folder, with its store beside the run. */
export async function openClipSource({ dir, log }: Pick<RunReport, 'dir' | 'log'>, record: EvaluationRecord): Promise<ClipSource> {
  const dataset = log.starts.at(-1)?.dataset;
  if (record.dataset !== null) return nowhere('The clips are of other data than the run’s own, whose place is not written down.');
  if (dataset === undefined) return nowhere('The log does not say where the recordings lie.');
  if (!existsSync(dataset)) return nowhere(`The run’s data are not at ${dataset}.`);
  const isStore = isFeatureStore(dataset);
  const storeDir = isStore ? dataset : featureStoreDir({ data: dataset, out: dir, frontEndHash: record.frontEndHash });
  let store: FeatureStore | undefined;
  let note: string | undefined;
  try {
    if (isFeatureStore(storeDir)) store = await FeatureStore.open(storeDir);
  } catch (error) {
    if (!(error instanceof AudiosslError)) throw error;
    note = error.message;
  }
  const byId = new Map(store?.clips.map((clip, i) => [clip.id, i]));
  const indexOf = (id: string) => byId.get(id);
  return {
    store,
    indexOf,
    note,
    pathOf: (id) => {
      const index = indexOf(id);
      if (store !== undefined && index !== undefined) return store.clips[index].path;
      return isStore ? undefined : insideFolder(isTableName(dataset) ? dirname(dataset) : dataset, id);
    },
    close: async () => store?.close(),
  };
}

function nowhere(note: string): ClipSource {
  return { pathOf: () => undefined, store: undefined, indexOf: () => undefined, note, close: async () => undefined };
}
