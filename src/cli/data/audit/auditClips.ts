import type { Split } from '../../../data/clip.js';
import type { StoredClip } from '../../../data/storeFiles.js';
import { readSplit } from '../../../eval/evaluationClips.js';
import { pathExists } from '../../../run/runFolder.js';
import { UsageError } from '../../../util/errors.js';
import type { Subject } from '../../withSubject.js';
import type { AuditOptions } from './auditOptions.js';

/** Labelled clips of the split: the run's where the store holds clips of the run, else the data's own. */
export async function chooseClips(
  { run, store: { clips: stored } }: Pick<Subject, 'run' | 'store'>,
  split: AuditOptions['split'],
): Promise<{ clips: number[]; notes: string[]; isOfRun: boolean }> {
  const notes: string[] = [];
  let splitOf = (clip: StoredClip): Split | undefined => clip.split ?? 'train';
  let isOfRun = false;
  if (run !== undefined && (await pathExists(run.split))) {
    const { splitOf: ofRun } = await readSplit(run.split);
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
