import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { argMax } from './metrics.js';
import { TopK } from './topK.js';

/** Embedded patches with what the vote needs to know about each; row i of `h` is patch i. */
export interface PatchSet {
  /** [numPatches, dim] row-major, not normalised. */
  h: Float32Array;
  dim: number;
  /** Clip of each patch: any number that is the same for the patches of one clip. */
  clipOfPatch: ArrayLike<number>;
}

export interface KnnVote {
  /** Clips in the order in which their patches first stand in the queries. */
  clips: number[];
  /** Predicted class a clip: majority over its patches of the patches' majorities, ties to the lowest index. */
  predicted: number[];
  /** [numClips][numClasses]: share of the clip's patches that voted for the class. */
  probabilities: number[][];
  /** The three likeliest classes a clip: the predicted one, then by votes of patches, then by votes of neighbours. */
  topThree: number[][];
  /** Neighbours a patch; the fewest, where it differs. */
  numNeighbours: number;
}

/** No product of queries and bank is larger: 64 MiB of float32. */
const MAX_SIMILARITIES = 2 ** 24;

/**
 * k-nearest-neighbour vote: rows are L2-normalised, each query patch takes the labels of its min(neighbours, bank) nearest bank
 * patches by cosine, unweighted majority, ties to the lowest class and among equal cosines to the earlier bank patch; then the majority a clip.
 * `exceptOwnClip` leaves the bank patches of the query's own clip out (the bank then uses the same clip numbers).
 * The products run on the current backend in blocks; the best of each row are found while reading it, so nothing is sorted.
 */
export async function knnVote({
  bank,
  bankLabels,
  queries,
  numClasses,
  neighbours = 200,
  exceptOwnClip = false,
  onProgress,
  signal,
}: {
  bank: PatchSet;
  /** Class of each bank patch. */
  bankLabels: ArrayLike<number>;
  queries: PatchSet;
  numClasses: number;
  neighbours?: number;
  exceptOwnClip?: boolean;
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<KnnVote> {
  const numBank = bankLabels.length;
  const numQueries = queries.clipOfPatch.length;
  if (bank.dim !== queries.dim || bank.h.length !== numBank * bank.dim || queries.h.length !== numQueries * queries.dim) {
    throw new AudiosslError(
      `knnVote: rows must have one size, got ${bank.h.length} values for ${numBank} x ${bank.dim} and ${queries.h.length} for ${numQueries} x ${queries.dim}`,
    );
  }
  if (numBank === 0) throw new AudiosslError('knnVote: the bank must have at least 1 labelled patch, got 0');
  const votes = new ClipVotes(numClasses);
  const best = new TopK(Math.min(neighbours, numBank));
  let numNeighbours = Number.POSITIVE_INFINITY;
  // Transposed once and not in each product: the wasm backend's transposed product is many times slower.
  const bankColumns = tf.tidy(() => tf.transpose(normalisedRows(bank.h, 0, numBank, bank.dim)));
  try {
    const block = Math.max(1, Math.floor(MAX_SIMILARITIES / numBank));
    for (let first = 0; first < numQueries; first += block) {
      signal?.throwIfAborted();
      const count = Math.min(block, numQueries - first);
      const similarities = await similaritiesTo(bankColumns, queries, first, count);
      for (let row = 0; row < count; row++) {
        const clip = queries.clipOfPatch[first + row];
        best.clear();
        best.addRow(similarities, row * numBank, numBank, exceptOwnClip ? (patch) => bank.clipOfPatch[patch] === clip : undefined);
        if (best.size === 0) throw new AudiosslError('knnVote: leaving the own clip out needs at least 2 clips in the bank, got 1');
        numNeighbours = Math.min(numNeighbours, best.size);
        votes.add(clip, best.indices(), bankLabels);
      }
      onProgress?.(first + count, numQueries);
      await new Promise(setImmediate);
    }
  } finally {
    bankColumns.dispose();
  }
  return { ...votes.result(), numNeighbours };
}

/** The training monitor: every patch asks all patches of the other clips of the same set. */
export function leaveOneClipOutKnn({
  patches,
  labels,
  numClasses,
  neighbours,
  signal,
}: {
  patches: PatchSet;
  /** Class of each patch. */
  labels: ArrayLike<number>;
  numClasses: number;
  neighbours?: number;
  signal?: AbortSignal;
}): Promise<KnnVote> {
  return knnVote({ bank: patches, bankLabels: labels, queries: patches, numClasses, neighbours, exceptOwnClip: true, signal });
}

/** [count, dim] on the backend, rows divided by max(norm, 1e-12). */
function normalisedRows(h: Float32Array, first: number, count: number, dim: number): tf.Tensor2D {
  return tf.tidy(() => {
    const rows = tf.tensor2d(h.subarray(first * dim, (first + count) * dim), [count, dim]);
    return tf.div(rows, tf.maximum(tf.norm(rows, 2, 1, true), 1e-12));
  });
}

/** Cosines of `count` query patches to the whole bank, [count, numBank] row-major. */
async function similaritiesTo(bankColumns: tf.Tensor2D, queries: PatchSet, first: number, count: number): Promise<Float32Array> {
  const product = tf.tidy(() => tf.matMul(normalisedRows(queries.h, first, count, queries.dim), bankColumns));
  try {
    return await product.data<'float32'>();
  } finally {
    product.dispose();
  }
}

/** Gathers the votes of the patches of each clip. */
class ClipVotes {
  private readonly clips = new Map<number, { patches: Float64Array; neighbours: Float64Array }>();

  constructor(private readonly numClasses: number) {}

  add(clip: number, neighbours: ArrayLike<number>, labels: ArrayLike<number>): void {
    let votes = this.clips.get(clip);
    if (votes === undefined) {
      votes = { patches: new Float64Array(this.numClasses), neighbours: new Float64Array(this.numClasses) };
      this.clips.set(clip, votes);
    }
    const counts = new Float64Array(this.numClasses);
    for (let i = 0; i < neighbours.length; i++) counts[labels[neighbours[i]]]++;
    votes.patches[argMax(counts)]++;
    for (let label = 0; label < counts.length; label++) votes.neighbours[label] += counts[label] / neighbours.length;
  }

  result(): Omit<KnnVote, 'numNeighbours'> {
    const all = [...this.clips.values()];
    const predicted = all.map(({ patches }) => argMax(patches));
    return {
      clips: [...this.clips.keys()],
      predicted,
      probabilities: all.map(({ patches }) => {
        const total = patches.reduce((sum, n) => sum + n, 0);
        return Array.from(patches, (n) => n / total);
      }),
      topThree: all.map(({ patches, neighbours }, i) => {
        const first = (label: number): number => (label === predicted[i] ? 1 : 0);
        return Array.from(patches, (_, label) => label)
          .sort((a, b) => first(b) - first(a) || patches[b] - patches[a] || neighbours[b] - neighbours[a] || a - b)
          .slice(0, 3);
      }),
    };
  }
}
