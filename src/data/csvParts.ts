import { AudiosslError } from '../util/errors.js';
import type { MatchedTable } from './chooseTable.js';
import type { Clip } from './clip.js';
import { meaningsOf } from './columnMeanings.js';
import { describeParts } from './describeParts.js';
import { folderLayout } from './folderLayout.js';
import { plainFold } from './plainFold.js';

/** Reads the columns of splits and folds: all words of one together say what each means. A column of folds may name splits. */
export function partReader(
  { table, columns: { split, fold } }: MatchedTable,
  file: string,
): (row: Record<string, string>, i: number) => Partial<Clip> {
  const splits = split === undefined ? undefined : meaningsOf(table, split);
  const folds = fold === undefined ? undefined : meaningsOf(table, fold);
  const isFolds = folds !== undefined && [...folds.values()].some((part) => part === undefined || part === 'unlabelled' || 'fold' in part);
  return (row, i) => {
    const clip: Partial<Clip> = {};
    const inFold = fold === undefined ? '' : plainFold(row[fold]);
    if (inFold !== '') Object.assign(clip, isFolds ? { fold: inFold } : folds?.get(inFold));
    const word = split === undefined ? '' : plainFold(row[split]);
    if (word === '') return clip;
    const part = splits?.get(word);
    if (part === undefined)
      throw new AudiosslError(`loadDataset: ${file}: row ${i + 1}: ${split} must be train, validation or test, got "${word}"`);
    return { ...clip, ...(part === 'unlabelled' ? { split: 'train' as const } : part) };
  };
}

/** Gives clips the splits or folds that their folders are named like, where no table has any. */
export function partByFolder(clips: readonly Clip[], onDisk: ReadonlySet<string>, from: string, notes: string[]): void {
  const present = clips.filter(({ id }) => onDisk.has(id));
  const { prefix, parts, strangers } = folderLayout(present.map(({ id }) => id));
  const told = new Map([...parts].filter(([, part]) => part !== 'unlabelled'));
  if (told.size === 0) return;
  if (strangers.length > 0) {
    notes.push(
      `${from} has no splits, and folders ${[...told.keys()].join(', ')} are none: ${strangers[0]} beside them is not named like one`,
    );
    return;
  }
  for (const clip of present) Object.assign(clip, told.get(clip.id.split('/')[prefix.length]));
  notes.push(`${from} has no splits${describeParts(told)}`);
}
