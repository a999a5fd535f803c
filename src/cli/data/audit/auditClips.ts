import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../config/loadConfig.js';
import type { Split } from '../../../data/clip.js';
import type { FeatureStore } from '../../../data/FeatureStore.js';
import type { StoredClip } from '../../../data/storeFiles.js';
import { readSplit } from '../../../eval/evaluationClips.js';
import type { Model } from '../../../model/loadModel.js';
import { openRun } from '../../../run/runFolder.js';
import { UsageError } from '../../../util/errors.js';
import { openFeatures } from '../../openFeatures.js';
import { openRunFeatures } from '../../openRunFeatures.js';
import type { AuditOptions } from './auditOptions.js';

/** The store given, that of the run, or one made of `--data`. */
export async function openStore(options: AuditOptions, model: Model, signal: AbortSignal): Promise<FeatureStore> {
  const { data, features, out, format } = options;
  if (data === undefined && features === undefined && isRunFolder(options.model)) {
    const run = await openRun(options.model);
    return openRunFeatures({ run, config: loadConfig({ file: run.config }), signal });
  }
  // With a store, --data only says where the recordings lie now.
  return openFeatures({ data: features === undefined ? data : undefined, features, out, format, frontEnd: model.frontEnd, signal });
}

/** Labelled clips of the split: the run's where the store holds clips of the run, else the data's own. */
export async function chooseClips(
  stored: readonly StoredClip[],
  { model, split }: Pick<AuditOptions, 'model' | 'split'>,
): Promise<{ clips: number[]; notes: string[]; isOfRun: boolean }> {
  const notes: string[] = [];
  let splitOf = (clip: StoredClip): Split | undefined => clip.split ?? 'train';
  let isOfRun = false;
  if (isRunFolder(model) && existsSync(join(model, 'split.csv'))) {
    const { splitOf: ofRun } = await readSplit(join(model, 'split.csv'));
    isOfRun = stored.some(({ id }) => ofRun.has(id));
    if (isOfRun) splitOf = (clip) => ofRun.get(clip.id);
    else notes.push("the splits are the data's own: no clip is of the run's split.csv");
  }
  const inSplit = stored.flatMap((clip, i) => (split === 'all' || splitOf(clip) === split ? [i] : []));
  if (inSplit.length === 0) throw new UsageError(`audit-labels: the data have no ${split} clips; pass another --split`);
  const clips = inSplit.filter((i) => stored[i].label !== undefined);
  if (clips.length === 0) throw new UsageError(`audit-labels: needs labels, none of the ${inSplit.length} ${split} clips has one`);
  if (clips.length < inSplit.length) notes.push(`${inSplit.length - clips.length} clips without a label are left out`);
  return { clips, notes, isOfRun };
}

function isRunFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
