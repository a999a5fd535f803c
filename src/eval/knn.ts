import * as tf from '@tensorflow/tfjs-core';
import type { PatchSet } from '../embed/embedClips.js';
import { AudiosslError } from '../util/errors.js';
import { argMax } from './metrics.js';
import { TopK } from './topK.js';

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

/** Rows on the backend at a time: a block of the bank serves so many queries that carrying it there costs little beside the product. */
const BANK_BLOCK = 4096;
const QUERY_BLOCK = 2048;

/**
 * k-nearest-neighbour vote: rows are L2-normalised, each query patch takes the labels of its min(neighbours, bank) nearest bank
 * patches by cosine, unweighted majority, ties to the lowest class and among equal cosines to the earlier bank patch; then the majority a clip.
 * `exceptOwnClip` leaves the bank patches of the query's own clip out (the bank then uses the same clip numbers).
 * The products run on the current backend, blocks of queries by blocks of the bank, and the best of each row are found while reading it,
 * so nothing is sorted. Beside the rows given, memory is bounded whatever their number: a product of at most 2048 x 4096 cosines, there and
 * as read, its blocks of rows, and the nearest of 2048 queries.
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
  const k = Math.min(neighbours, numBank);
  const nearest = Array.from({ length: Math.min(QUERY_BLOCK, numQueries) }, () => new TopK(k));
  let numNeighbours = Number.POSITIVE_INFINITY;
  for (let first = 0; first < numQueries; first += QUERY_BLOCK) {
    const count = Math.min(QUERY_BLOCK, numQueries - first);
    for (const best of nearest) best.clear();
    for (let firstOfBank = 0; firstOfBank < numBank; firstOfBank += BANK_BLOCK) {
      signal?.throwIfAborted();
      const size = Math.min(BANK_BLOCK, numBank - firstOfBank);
      const cosines = await cosinesOf({ queries, first, count }, { bank, first: firstOfBank, count: size });
      for (let row = 0; row < count; row++) {
        const clip = queries.clipOfPatch[first + row];
        const isLeftOut = exceptOwnClip ? (patch: number) => bank.clipOfPatch[patch] === clip : undefined;
        nearest[row].addRow(cosines, row * size, size, isLeftOut, firstOfBank);
      }
      onProgress?.(first + Math.floor((count * (firstOfBank + size)) / numBank), numQueries);
      await new Promise(setImmediate);
    }
    for (let row = 0; row < count; row++) {
      const best = nearest[row];
      if (best.size === 0) throw new AudiosslError('knnVote: leaving the own clip out needs at least 2 clips in the bank, got 1');
      numNeighbours = Math.min(numNeighbours, best.size);
      votes.add(queries.clipOfPatch[first + row], best.indices(), bankLabels);
    }
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

/** Cosines of a block of queries to a block of the bank, [rows of queries, rows of the bank] row-major. */
async function cosinesOf(
  { queries, first, count }: { queries: PatchSet; first: number; count: number },
  { bank, first: firstOfBank, count: size }: { bank: PatchSet; first: number; count: number },
): Promise<Float32Array> {
  const { dim } = bank;
  const product = tf.tidy(() =>
    tf.matMul(normalisedRows(queries.h, first, count, dim), normalisedRows(bank.h, firstOfBank, size, dim), false, true),
  );
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
