import { groupOf } from '../../data/clip.js';
import type { FeatureStore } from '../../data/FeatureStore.js';
import { foldNames } from '../../data/foldRoles.js';
import { UsageError } from '../../util/errors.js';
import { groupFolds } from '../groupFolds.js';

/** The labelled clips of a set, each predicted once by a classifier that learnt from other folds. */
export interface TransferFolds {
  /** Indices in the store, in its order. */
  indices: number[];
  ids: string[];
  /** Recording or uploader of each; the clip itself where the data name none. */
  groups: string[];
  /** Class of each, counted in `classNames`. */
  labels: number[];
  /** Classes that are judged, by code unit. */
  classNames: string[];
  /** 0 .. `folds.length - 1`. */
  foldOf: Uint32Array;
  /** Their names: the data's own, or 1, 2 ... */
  folds: string[];
  /** How they came about, in a few words. */
  how: string;
  /** What was left out, a line each. */
  notes: string[];
}

/**
 * Folds of a set that no encoder is trained on: those of its fold column where every labelled clip has one, else `numFolds` of whole
 * recordings, stratified by class and drawn by `seed`. Splits of the data play no part. Classes that cannot stand in enough folds are left
 * out, and said. Throws UsageError where no accuracy can come out of the set.
 */
export function transferFolds(
  { clips, dir }: Pick<FeatureStore, 'clips' | 'dir'>,
  { numFolds = 5, seed }: { numFolds?: number; seed: number },
): TransferFolds {
  if (!Number.isInteger(numFolds) || numFolds < 2) throw new UsageError(`transfer: folds must be a whole number from 2, got ${numFolds}`);
  const labelled = clips.flatMap((clip, index) => (clip.label === undefined ? [] : [{ clip, index, label: clip.label }]));
  if (labelled.length === 0)
    throw new UsageError(`transfer: accuracy needs labels, none of the ${clips.length} clips of ${dir} has one; pass a folder with labels`);
  const notes: string[] = [];
  if (labelled.length < clips.length) notes.push(`${clips.length - labelled.length} clips without a label are left out`);
  const numWithFold = labelled.filter(({ clip }) => clip.fold !== undefined).length;
  const hasFolds = numWithFold === labelled.length && foldNames(clips).length > 1;
  if (numWithFold > 0 && !hasFolds)
    notes.push(
      numWithFold < labelled.length
        ? `${labelled.length - numWithFold} labelled clips have no fold, so the fold column is not used`
        : 'the fold column names one fold, so it is not used',
    );
  const needed = hasFolds ? 2 : numFolds;
  const groupsOf = countsByLabel(labelled, ({ clip }) => groupOf(clip));
  const spreadOf = hasFolds ? countsByLabel(labelled, ({ clip }) => clip.fold as string) : groupsOf;
  const leftOut = [...spreadOf].filter(([, count]) => count < needed).map(([label]) => label);
  if (leftOut.length > 0)
    notes.push(`classes with fewer than ${needed} ${hasFolds ? 'folds' : 'recordings'} are left out: ${leftOut.sort().join(', ')}`);
  const kept = labelled.filter(({ label }) => !leftOut.includes(label));
  const classNames = [...spreadOf.keys()].filter((label) => !leftOut.includes(label)).sort((a, b) => (a < b ? -1 : 1));
  if (classNames.length < 2)
    throw new UsageError(
      `transfer: at least 2 classes of ${needed} ${hasFolds ? 'folds' : 'recordings'} each are needed, ${dir} has ${classNames.length}; add recordings${hasFolds ? '' : ', or ask for fewer folds'}`,
    );
  const labels = kept.map(({ label }) => classNames.indexOf(label));
  const groups = kept.map(({ clip }) => groupOf(clip));
  const folds = hasFolds ? foldNames(kept.map(({ clip }) => clip)) : Array.from({ length: numFolds }, (_, i) => String(i + 1));
  const foldOf = hasFolds
    ? Uint32Array.from(kept, ({ clip }) => folds.indexOf(clip.fold as string))
    : groupFolds({ labels, groups, classNames, numFolds, seed });
  const numSpread = hasFolds ? groupsInSeveralFolds(groups, foldOf) : 0;
  if (numSpread > 0)
    notes.push(
      `${numSpread} recordings have clips in several folds: those in other folds are not learnt from when one of theirs is predicted`,
    );
  return {
    ...{ indices: kept.map(({ index }) => index), ids: kept.map(({ clip }) => clip.id), groups, labels, classNames, foldOf, folds, notes },
    how: hasFolds ? 'the folds of the data' : `${numFolds} folds of whole recordings, stratified by class, seed ${seed}`,
  };
}

/** Positions of the clips that a fold's classifier learns from, and of those that it predicts. */
export function partsOfFold(
  { foldOf, groups }: Pick<TransferFolds, 'foldOf' | 'groups'>,
  fold: number,
): { train: number[]; test: number[] } {
  const positions = Array.from(foldOf.keys());
  const test = positions.filter((i) => foldOf[i] === fold);
  const tested = new Set(test.map((i) => groups[i]));
  return { train: positions.filter((i) => foldOf[i] !== fold && !tested.has(groups[i])), test };
}

/** How many different values the clips of each label have. */
function countsByLabel<T extends { label: string }>(items: readonly T[], pick: (item: T) => string): Map<string, number> {
  const values = new Map<string, Set<string>>();
  for (const item of items) values.set(item.label, (values.get(item.label) ?? new Set()).add(pick(item)));
  return new Map([...values].map(([label, set]) => [label, set.size]));
}

function groupsInSeveralFolds(groups: readonly string[], foldOf: ArrayLike<number>): number {
  const seen = new Map<string, Set<number>>();
  groups.forEach((group, i) => void seen.set(group, (seen.get(group) ?? new Set()).add(foldOf[i])));
  return [...seen.values()].filter((set) => set.size > 1).length;
}
