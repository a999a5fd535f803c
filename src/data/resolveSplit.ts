import { formatCsv } from '../util/csv.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { assignByFoldOrSplit } from './assignByFoldOrSplit.js';
import { type Clip, compareCodeUnits, groupOf, type Split, splitNames } from './clip.js';
import { committedSplit } from './committedSplits.js';
import type { DataOptions } from './dataOptions.js';
import { stratifiedSample } from './stratifiedSample.js';

export interface ResolvedSplit {
  /** Clips that are in no split (another subset, another fold) are not in it. */
  splitOf: Map<string, Split>;
  /** What was decided, a line each. */
  notes: string[];
  /** `id,split` of every clip in a split, sorted by id. */
  csvText: string;
  /** Of `csvText`. */
  sha256: string;
}

export type SplitOptions = Pick<
  DataOptions,
  'protocol' | 'validationFraction' | 'splitSeed' | 'trainFolds' | 'validationFolds' | 'testFold'
> & {
  compat?: { keepOverlap?: boolean };
};

/**
 * Says which clip trains, validates and tests; disjoint by id and by group (test keeps a group, then validation).
 *
 * FSDnoisy18k: `ssl` trains on the noisy and validates on the clean clips; `ssl-all`, `all`, `clean`, `noisy`, `noisySmall` take 15 %
 * of their subset for validation. `generic` goes by the folds given, else by the split column, and takes 15 % of the training clips for
 * validation where the data name none. `seed` is the run's; FSDnoisy18k's protocols choose by `splitSeed` alone, 0 unless given.
 * Throws UsageError when the protocol or a fold does not fit the clips, or nothing is left to train on.
 *
 * @example
 * ```ts
 * import { loadConfig, resolveSplit } from 'audiossl';
 * const clips = Array.from({ length: 40 }, (_, i) => ({ id: `${i}.wav`, path: `${i}.wav`, label: i % 2 ? 'dog' : 'rain', group: `${i}` }));
 * const { splitOf } = resolveSplit(clips, loadConfig().data, 0);
 * [...splitOf.values()].filter((split) => split === 'validation').length; // => 6
 * ```
 */
export function resolveSplit(clips: readonly Clip[], options: SplitOptions, seed: number): ResolvedSplit {
  const notes: string[] = [];
  const hasVerified = clips.some((clip) => clip.split === 'train' && clip.isVerified !== undefined);
  // Data that know which labels were verified and have validation clips of their own are split already.
  const isSplit = clips.some((clip) => clip.split === 'validation');
  const protocol = options.protocol === 'auto' ? (hasVerified && !isSplit ? 'ssl' : 'generic') : options.protocol;
  const hasFolds = (options.trainFolds ?? options.validationFolds ?? options.testFold) !== undefined;
  if (hasFolds && protocol !== 'generic') {
    throw new UsageError(
      `resolveSplit: folds need the protocol generic, got ${protocol}; set data.protocol=generic or leave the folds out`,
    );
  }
  if (!hasVerified && protocol !== 'generic' && protocol !== 'all' && protocol !== 'ssl-all') {
    throw new UsageError(
      `resolveSplit: the protocol ${protocol} needs to know which training clips are verified, as in FSDnoisy18k; set data.protocol=generic`,
    );
  }

  const splitOf = protocol === 'generic' ? assignByFoldOrSplit(clips, options, notes) : assignBySubset(clips, protocol);
  if (options.compat?.keepOverlap !== true) dropOverlap(clips, splitOf, notes);

  const training = clips.filter((clip) => splitOf.get(clip.id) === 'train');
  if (training.length === 0) {
    throw new UsageError(
      `resolveSplit: the protocol ${protocol} must have clips to train on, none of the ${clips.length} clips is one; choose another with data.protocol (audiossl data stats counts the subsets)`,
    );
  }
  const hasValidation = [...splitOf.values()].includes('validation');
  if (!hasValidation && options.validationFraction > 0) {
    const splitSeed = options.splitSeed ?? (protocol === 'generic' ? seed : 0);
    const chosen = stratifiedSample(training, { fraction: options.validationFraction, seed: splitSeed });
    for (const id of chosen) splitOf.set(id, 'validation');
    notes.push(`${chosen.size} of ${training.length} training clips set apart for validation (split seed ${splitSeed})`);
  }

  const count = (split: Split) => [...splitOf.values()].filter((value) => value === split).length.toLocaleString('en-US');
  notes.unshift(`protocol ${protocol}: ${splitNames.map((split) => `${split} ${count(split)}`).join(', ')}`);
  notes.push(...classesWithoutClips(clips, splitOf));
  const rows = [...splitOf].sort(([a], [b]) => compareCodeUnits(a, b));
  const csvText = formatCsv(['id', 'split'], rows);
  const hash = sha256(csvText);
  const committed = committedSplit(hash);
  if (committed !== undefined) notes.push(`the split is the committed one of ${committed}`);
  return { splitOf, notes, csvText, sha256: hash };
}

/** A line a split (with labels) in which classes are missing that another split has. */
function classesWithoutClips(clips: readonly Clip[], splitOf: ReadonlyMap<string, Split>): string[] {
  const labelsOf = (wanted?: Split) =>
    new Set(
      clips.flatMap(({ id, label }) =>
        label !== undefined && (wanted === undefined ? splitOf.has(id) : splitOf.get(id) === wanted) ? label : [],
      ),
    );
  const all = [...labelsOf()].sort(compareCodeUnits);
  return splitNames.flatMap((split) => {
    const present = labelsOf(split);
    const absent = all.filter((label) => !present.has(label));
    if (present.size === 0 || absent.length === 0) return [];
    return `${absent.length} of ${all.length} classes have no ${split} clips: ${absent.join(', ')}`;
  });
}

/** FSDnoisy18k's subsets of the training clips; the clips of the test, and of a validation where data have one, stay there. */
function assignBySubset(clips: readonly Clip[], protocol: string): Map<string, Split> {
  const splitOf = new Map<string, Split>();
  for (const clip of clips) {
    if (clip.split === 'test' || clip.split === 'validation') splitOf.set(clip.id, clip.split);
    else if (protocol === 'ssl') splitOf.set(clip.id, clip.isVerified ? 'validation' : 'train');
    else if (protocol === 'all' || protocol === 'ssl-all') splitOf.set(clip.id, clip.split ?? 'train');
    else if (isInSubset(clip, protocol)) splitOf.set(clip.id, 'train');
  }
  return splitOf;
}

function isInSubset(clip: Clip, protocol: string): boolean {
  if (protocol === 'clean') return clip.isVerified === true;
  if (protocol === 'noisy') return clip.isVerified === false;
  return clip.isVerified === false && clip.isNoisySmall === true;
}

/** A group stays in the most guarded split that holds one of its clips; its other clips are taken out of training or validation. */
function dropOverlap(clips: readonly Clip[], splitOf: Map<string, Split>, notes: string[]): void {
  const guardOf = new Map<string, Split>();
  for (const clip of clips) {
    const split = splitOf.get(clip.id);
    const before = guardOf.get(groupOf(clip));
    if (split !== undefined && (before === undefined || splitNames.indexOf(split) > splitNames.indexOf(before)))
      guardOf.set(groupOf(clip), split);
  }
  const dropped: string[] = [];
  for (const clip of clips) {
    const split = splitOf.get(clip.id);
    if (split === undefined || guardOf.get(groupOf(clip)) === split) continue;
    splitOf.delete(clip.id);
    dropped.push(`${clip.id} (${split})`);
  }
  if (dropped.length === 0) return;
  const shown = dropped.sort().slice(0, 5).join(', ');
  const more = dropped.length > 5 ? ` and ${dropped.length - 5} more` : '';
  notes.push(`${dropped.length} clips dropped because their recording is in a split that must not see it in training: ${shown}${more}`);
}
