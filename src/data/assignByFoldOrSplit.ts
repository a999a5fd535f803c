import { UsageError } from '../util/errors.js';
import { type Clip, compareCodeUnits, type Split } from './clip.js';
import type { DataOptions } from './dataOptions.js';

type FoldOptions = Pick<DataOptions, 'trainFolds' | 'validationFolds' | 'testFold'>;

/**
 * The generic protocol. A fold that is named goes where it is named, whatever the split column says; a clip of any other fold stays
 * test (validation) where the column says so and no test (validation) fold is named, else it trains, unless training folds are named.
 * Without folds, clips without a split train. Throws UsageError for a fold that no clip has, or that is named twice.
 */
export function assignByFoldOrSplit(clips: readonly Clip[], options: FoldOptions, notes: string[]): Map<string, Split> {
  const named = namedFolds(clips, options);
  const splitOf = new Map<string, Split>();
  let numMoved = 0;
  for (const clip of clips) {
    const split = (clip.fold !== undefined && named.get(clip.fold)) || unnamedSplit(clip, options);
    if (split === undefined) continue;
    splitOf.set(clip.id, split);
    if (clip.split !== undefined && clip.split !== split) numMoved++;
  }
  if (numMoved > 0) notes.push(`${numMoved} clips are in another split than their split column says, because folds were named`);
  const numUnused = clips.length - splitOf.size;
  if (numUnused > 0) notes.push(`${numUnused} clips are in no named fold and are not used`);
  return splitOf;
}

function unnamedSplit(clip: Clip, { trainFolds, validationFolds, testFold }: FoldOptions): Split | undefined {
  if (clip.split === 'test') return testFold === undefined ? 'test' : trainFolds === undefined ? 'train' : undefined;
  if (clip.split === 'validation' && validationFolds === undefined) return 'validation';
  return trainFolds === undefined ? 'train' : undefined;
}

function namedFolds(clips: readonly Clip[], { trainFolds = [], validationFolds = [], testFold }: FoldOptions): Map<string, Split> {
  const known = new Set(clips.flatMap((clip) => clip.fold ?? []));
  const named = new Map<string, Split>();
  const name = (folds: readonly string[], split: Split) => {
    for (const fold of folds) {
      if (!known.has(fold)) {
        const list = [...known].sort(compareCodeUnits).join(', ');
        throw new UsageError(
          `resolveSplit: fold ${fold} (${split}) must be one of the data's folds, got ${list === '' ? 'data without folds' : list}`,
        );
      }
      const before = named.get(fold);
      if (before !== undefined && before !== split)
        throw new UsageError(`resolveSplit: a fold must be named once, fold ${fold} is named for ${before} and for ${split}`);
      named.set(fold, split);
    }
  };
  name(trainFolds, 'train');
  name(validationFolds, 'validation');
  name(testFold === undefined ? [] : [testFold], 'test');
  return named;
}
