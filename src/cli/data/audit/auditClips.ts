import { groupOf } from '../../../data/clip.js';
import type { StoredClip } from '../../../data/storeFiles.js';
import { UsageError } from '../../../util/errors.js';
import { type ChosenClips, clipsOfSplit } from '../../clipsOfSplit.js';
import type { Subject } from '../../withSubject.js';
import type { AuditOptions } from './auditOptions.js';

/** Labelled clips of the split: the run's where the store holds clips of the run, else the data's own. */
export async function chooseClips(subject: Pick<Subject, 'run' | 'store'>, split: AuditOptions['split']): Promise<ChosenClips> {
  const { clips: stored } = subject.store;
  const { clips: inSplit, notes, ...chosen } = await clipsOfSplit(subject, split, 'audit-labels');
  const labelled = inSplit.filter((i) => stored[i].label !== undefined);
  if (labelled.length === 0)
    throw new UsageError(`audit-labels: needs clips of two classes or more, none of the ${inSplit.length} ${split} clips has a label`);
  if (labelled.length < inSplit.length) notes.push(`${inSplit.length - labelled.length} clips without a label are left out`);
  const clips = withoutLoneRecordings(stored, labelled, notes);
  return { ...chosen, clips, notes };
}

/**
 * Throws UsageError unless the recordings of a folder, of all splits together, have labels that can be judged: asked before features are
 * made of them, which takes the longest.
 */
export function requireTwoClasses(clips: readonly Labelled[]): void {
  const labelled = clips.filter(({ label }) => label !== undefined);
  if (labelled.length === 0)
    throw new UsageError(`audit-labels: needs clips of two classes or more, none of the ${clips.length} clips has a label`);
  loneClasses(labelled);
}

type Labelled = Pick<StoredClip, 'id' | 'label' | 'group'>;

/** Labels are judged by other recordings that bear them: a class of one recording has no other, and of one class nothing can be wrong. */
function withoutLoneRecordings(stored: readonly StoredClip[], clips: readonly number[], notes: string[]): number[] {
  const lone = loneClasses(clips.map((i) => stored[i]));
  if (lone.length > 0) notes.push(`classes of a single recording are left out, no other could speak for it: ${lone.join(', ')}`);
  return clips.filter((i) => !lone.includes(stored[i].label as string));
}

/** Classes of a single recording, sorted. Throws UsageError unless there are two others. */
function loneClasses(clips: readonly Labelled[]): string[] {
  const groupsOf = new Map<string, Set<string>>();
  for (const clip of clips) {
    const label = clip.label as string;
    groupsOf.set(label, (groupsOf.get(label) ?? new Set()).add(groupOf(clip)));
  }
  const lone = [...groupsOf].flatMap(([label, groups]) => (groups.size < 2 ? [label] : [])).sort();
  if (groupsOf.size - lone.length >= 2) return lone;
  const got = groupsOf.size - lone.length === 1 ? 'one' : 'none';
  throw new UsageError(`audit-labels: needs two classes or more with two recordings each, got ${got}; label more recordings`);
}
