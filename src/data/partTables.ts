import { AudiosslError } from '../util/errors.js';
import type { PartTable } from './chooseTable.js';
import type { Clip } from './clip.js';

/**
 * Gives clips the split that a table named like one lists them in. Lists of several folds (DCASE: `fold1_train.csv`, `fold1_evaluate.csv`,
 * `fold2_...`) give a fold instead: the one that tests the clip. What a clip has already stays.
 */
export function applyPartTables(clips: readonly Clip[], tables: readonly PartTable[], notes: string[]): void {
  if (tables.length === 0) return;
  const byId = new Map(clips.map((clip) => [clip.id, clip]));
  const folds = [...new Set(tables.flatMap(({ fold }) => fold ?? []))].sort();
  const isFolds = folds.length > 1;
  const listed = new Map<string, { split: string; path: string }>();
  for (const { split, fold, path, matches, names } of tables) {
    for (const [i, [match]] of matches.entries()) {
      const id = match ?? names[i];
      const clip = byId.get(id);
      if (clip === undefined || (isFolds && split !== 'test')) continue;
      const value = isFolds ? (fold ?? '') : split;
      const before = listed.get(id);
      if (before !== undefined && before.split !== value) {
        throw new AudiosslError(`loadDataset: ${id} must be in one list, it is in ${before.path} and in ${path}; delete one of the rows`);
      }
      listed.set(id, { split: value, path });
      if (isFolds) clip.fold ??= value;
      else clip.split ??= split;
    }
  }
  const paths = tables.map(({ path }) => path).join(', ');
  notes.push(isFolds ? `folds ${folds.join(', ')} from ${paths}` : `splits from ${paths}`);
}
