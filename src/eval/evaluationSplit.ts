import { basename } from 'node:path';
import { groupOf } from '../data/clip.js';
import { dataOptions } from '../data/dataOptions.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import { resolveSplit } from '../data/resolveSplit.js';
import type { StoredClip } from '../data/storeFiles.js';
import type { Model } from '../model/loadModel.js';
import { UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';
import { type EvaluationSplit, readSplit } from './evaluationClips.js';
import { foldSplit } from './foldSplit.js';

/** Subset of FSDnoisy18k whose labels are learnt from, see `chooseSplit`. */
export type TrainOn = 'clean' | 'noisy';

export interface SplitChoice {
  /** k-fold: this fold is tested, the next one validates, the others train. */
  fold?: string;
  /**
   * FSDnoisy18k, the paper's two ways downstream: `noisy` learns from the larger noisy subset and validates on the clean one,
   * `clean` learns from 85 % of the small clean subset and validates on the other 15 %, disjoint from them.
   */
  trainOn?: TrainOn;
  /** The store holds other data than the run's: they are split by their own split column, and their classes need not be the run's. */
  transfer?: boolean;
}

export interface ChosenSplit extends EvaluationSplit {
  /** Name of the data where they are not the run's own, else null. */
  dataset: string | null;
  classNames: string[];
  /** The run's own split.csv: what its encoder has seen. */
  runSplit: EvaluationSplit;
}

/**
 * Which clips train, validate and test an evaluation: the run's split.csv, or what `choice` asks for. Data are the run's own when they
 * have all its clips and its classes; other data need `transfer`, or a fold, since the run's split says nothing about them.
 * Throws UsageError where data, classes and choice do not fit together.
 */
export async function chooseSplit({
  splitFile,
  store,
  model,
  seed,
  choice: { fold, trainOn, transfer = false },
}: {
  /** The run's split.csv. */
  splitFile: string;
  store: FeatureStore;
  model: Model;
  /** The run's: names the validation clips of other data that have none. */
  seed: number;
  choice: SplitChoice;
}): Promise<ChosenSplit> {
  const runSplit = await readSplit(splitFile);
  const classNames = [...store.classNames];
  if (classNames.length === 0) {
    throw new UsageError(`evaluate: accuracy needs labels, the store ${store.dir} has none; use audiossl embed on unlabelled recordings`);
  }
  if (classNames.length === 1) {
    throw new UsageError(
      `evaluate: accuracy needs two classes or more, all labels of ${store.dir} are ${classNames[0]}; use audiossl embed, or add recordings of another class`,
    );
  }
  const ids = new Set(store.clips.map(({ id }) => id));
  const known = model.metadata.classNames;
  const hasItsClasses = known.length === 0 || known.join('\n') === classNames.join('\n');
  // A run without clips of its own is that of an encoder that came as a file.
  const isOwn = runSplit.splitOf.size > 0 && hasItsClasses && [...runSplit.splitOf.keys()].every((id) => ids.has(id));
  if (isOwn && transfer) {
    throw new UsageError(
      `evaluate: --transfer is for other data than the run's, ${store.dir} holds the run's own clips; leave out --transfer`,
    );
  }
  if (!isOwn && !hasItsClasses && !transfer && fold === undefined) {
    throw new UsageError(
      `evaluate: the run and the store must have the same classes, got ${known.join(', ')} and ${classNames.join(', ')}; pass --transfer to evaluate on other data by their own split`,
    );
  }
  if (fold !== undefined && trainOn !== undefined) {
    throw new UsageError('evaluate: --folds and --train-on each say who trains; pass one of the two');
  }
  if (trainOn !== undefined && !store.clips.some(({ split, isVerified }) => split === 'train' && isVerified !== undefined)) {
    throw new UsageError(
      `evaluate: --train-on ${trainOn} needs data that say which training clips are verified, as FSDnoisy18k does, ${store.dir} does not; leave out --train-on`,
    );
  }
  const dataset = isOwn || (!transfer && fold === undefined) ? null : nameOf(store);
  const common = { dataset, classNames, runSplit };
  if (fold !== undefined) return { ...foldSplit(store.clips, fold), ...common };
  if (trainOn === undefined && !transfer) return { ...runSplit, ...common };
  const protocol = trainOn === undefined ? 'auto' : trainOn === 'noisy' ? 'ssl' : 'clean';
  const split = resolveSplit(store.clips, dataOptions.parse({ protocol }), seed);
  return { splitOf: split.splitOf, sha256: split.sha256, notes: split.notes, ...common };
}

/** The folder's name, without the front end's hash, and 8 digits that tell sets of clips apart whose folders have one name. */
function nameOf(store: FeatureStore): string {
  return `${basename(store.dir).replace(/-[0-9a-f]{8}$/, '')}_${sha256(store.clips.map(({ id }) => id).join('\n')).slice(0, 8)}`;
}

export interface SeenClips {
  /** Of the clips asked about, those whose recording the encoder was trained on. */
  train: number;
  /** Those whose recording chose its checkpoint. */
  validation: number;
  /** Of the clips asked about, those of which only the id could be compared: a copy under another name would go unseen. */
  numUnknown: number;
}

/**
 * How many of the clips (indices in the store) the run's encoder has met among the clips that it was trained on, or that chose its
 * checkpoint: the clip itself, another cut of its recording, or a copy of its samples under whatever name.
 * @param contents content hashes of the run's clips by id (run/runContents)
 */
export function countSeen(
  store: { clips: readonly Pick<StoredClip, 'id' | 'group' | 'contentHash'>[] },
  { splitOf }: EvaluationSplit,
  contents: ReadonlyMap<string, string>,
  indices: readonly number[],
): SeenClips {
  const ownHashes = new Map(store.clips.map(({ id, contentHash }) => [id, contentHash]));
  const idsOf = (split: 'train' | 'validation') => [...splitOf].flatMap(([id, its]) => (its === split ? [id] : []));
  const hashOf = (id: string) => contents.get(id) ?? ownHashes.get(id);
  const count = (split: 'train' | 'validation') => {
    // Another sound under the same name is another clip.
    const isOther = ({ id, contentHash }: (typeof store.clips)[number]) =>
      contentHash !== undefined && contents.has(id) && contents.get(id) !== contentHash;
    const groups = new Set(store.clips.flatMap((clip) => (splitOf.get(clip.id) === split && !isOther(clip) ? groupOf(clip) : [])));
    const hashes = new Set(idsOf(split).flatMap((id) => hashOf(id) ?? []));
    return indices.filter((index) => {
      const { contentHash } = store.clips[index];
      return groups.has(groupOf(store.clips[index])) || (contentHash !== undefined && hashes.has(contentHash));
    }).length;
  };
  const isRunKnown = splitOf.size > 0 && idsOf('train').every((id) => hashOf(id) !== undefined);
  const numUnknown = isRunKnown ? indices.filter((index) => store.clips[index].contentHash === undefined).length : indices.length;
  return { train: count('train'), validation: count('validation'), numUnknown };
}
