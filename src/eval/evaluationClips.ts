import { readFile } from 'node:fs/promises';
import type { Split } from '../data/clip.js';
import { splitNames } from '../data/clip.js';
import type { StoredClip } from '../data/storeFiles.js';
import { parseCsv, requireColumns } from '../util/csv.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { sha256 } from '../util/hash.js';

/** Clips of one split with their labels, in the order of the store. */
export interface LabelledClips {
  /** Indices in `store.clips`. */
  indices: number[];
  /** Class of each. */
  labels: number[];
  ids: string[];
  /** Recording or uploader of each; the clip itself where the data name none. */
  groups: string[];
  /** Clips of the split that are left out because they have no label. */
  numUnlabelled: number;
}

/** Which clip trains, validates and tests. */
export interface EvaluationSplit {
  splitOf: ReadonlyMap<string, Split>;
  /** Of its text as `id,split`. */
  sha256: string;
  /** What was decided, a line each. */
  notes: string[];
}

/** A run's split.csv. */
export async function readSplit(path: string): Promise<EvaluationSplit> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new AudiosslError(`evaluate: ${path} must be readable: ${errorText(error)}`, { cause: error });
  }
  const table = parseCsv(text, path);
  requireColumns(table, ['id', 'split'], path);
  const splitOf = new Map<string, Split>();
  for (const { id, split } of table.rows) {
    const known = splitNames.find((name) => name === split);
    if (known === undefined) throw new AudiosslError(`evaluate: ${path}: split of ${id} must be ${splitNames.join(', ')}, got "${split}"`);
    splitOf.set(id, known);
  }
  return { splitOf, sha256: sha256(text), notes: [] };
}

/**
 * The labelled clips of a split. Throws UsageError when clips of the split are not in the store (another store than the run's),
 * or when none has a label: nothing can be said about accuracy then.
 */
export function labelledClips(clips: readonly StoredClip[], splitOf: ReadonlyMap<string, Split>, split: Split): LabelledClips {
  const ofSplit = clips.flatMap((clip, index) => (splitOf.get(clip.id) === split ? [{ clip, index }] : []));
  const wanted = [...splitOf.values()].filter((name) => name === split).length;
  if (wanted === 0) throw new UsageError(`evaluate: the split has no ${split} clips; evaluate another split`);
  if (ofSplit.length < wanted) {
    throw new UsageError(
      `evaluate: the store lacks ${wanted - ofSplit.length} of the ${wanted} ${split} clips of the run's split.csv; pass the run's own store with --features, or --transfer to evaluate on other data by their own split`,
    );
  }
  const labelled = ofSplit.filter(({ clip }) => clip.labelIndex !== undefined);
  if (labelled.length === 0) {
    throw new UsageError(
      `evaluate: accuracy needs labels, none of the ${wanted} ${split} clips has one; use audiossl embed on unlabelled recordings`,
    );
  }
  return {
    indices: labelled.map(({ index }) => index),
    labels: labelled.map(({ clip }) => clip.labelIndex as number),
    ids: labelled.map(({ clip }) => clip.id),
    groups: labelled.map(({ clip }) => clip.group ?? clip.id),
    numUnlabelled: ofSplit.length - labelled.length,
  };
}
