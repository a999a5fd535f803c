import type { Split } from '../data/clip.js';
import type { StoredClip } from '../data/storeFiles.js';
import { readSplit } from '../eval/evaluationClips.js';
import { pathExists } from '../run/runFolder.js';
import { appendTestAccess } from '../run/testAccess.js';
import { UsageError } from '../util/errors.js';
import type { Subject } from './withSubject.js';

/** Clips of a store that a command works on. */
export interface ChosenClips {
  /** Indices in `store.clips`; never empty. */
  clips: number[];
  splitOf: (clip: StoredClip) => Split | undefined;
  /** Whether the splits are the run's. */
  isOfRun: boolean;
  /** What was decided, a line each. */
  notes: string[];
}

/**
 * The clips of a split: the run's where the store holds clips of the run, else the data's own, where clips without one are train.
 * Throws UsageError, beginning with `who`, where there are none.
 */
export async function clipsOfSplit(
  { run, store: { clips: stored } }: Pick<Subject, 'run' | 'store'>,
  split: Split | 'all',
  who: string,
): Promise<ChosenClips> {
  const notes: string[] = [];
  let splitOf: ChosenClips['splitOf'] = (clip) => clip.split ?? 'train';
  let isOfRun = false;
  if (run !== undefined && (await pathExists(run.split))) {
    const { splitOf: ofRun } = await readSplit(run.split);
    isOfRun = stored.some(({ id }) => ofRun.has(id));
    if (isOfRun) splitOf = (clip) => ofRun.get(clip.id);
    else notes.push("the splits are the data's own: no clip is of the run's split.csv");
  }
  const clips = stored.flatMap((clip, i) => (split === 'all' || splitOf(clip) === split ? [i] : []));
  if (clips.length === 0) throw new UsageError(`${who}: the data have no ${split} clips; pass another --split`);
  return { clips, splitOf, isOfRun, notes };
}

/**
 * Where test clips of the run are among those chosen, its reports must say that they were looked at: a line in its test-access.jsonl, before
 * the look. Returns whether it was one.
 */
export async function noteLookAtTest(
  { run, model, store }: Subject,
  { clips, splitOf, isOfRun }: Omit<ChosenClips, 'notes'>,
  { what, seed, out, time = new Date().toISOString() }: { what: string; seed: number; out: string; time?: string },
): Promise<boolean> {
  if (run === undefined || !isOfRun || !clips.some((clip) => splitOf(store.clips[clip]) === 'test')) return false;
  const { name: checkpoint, sha256: checkpointSha256 } = model.checkpoint ?? { name: 'none', sha256: '' };
  const command = ['audiossl', ...process.argv.slice(2)];
  await appendTestAccess(run, {
    time,
    command,
    protocol: what,
    checkpoint,
    checkpointSha256,
    seed,
    numClips: clips.length,
    evaluation: out,
  });
  return true;
}
