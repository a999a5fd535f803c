import * as tf from '@tensorflow/tfjs-core';
import type { PatchSet } from '../embed/embedClips.js';
import { AudiosslError } from '../util/errors.js';
import { TopK } from '../util/topK.js';
import { argMax } from './metrics.js';

export interface KnnVote {
  /** Clips in the order in which their patches first stand in the queries. */
  clips: number[];
  /** Predicted class a clip: the likeliest one, of equals the lowest index. */
  predicted: number[];
  /** [numClips][numClasses]: the mean over the clip's patches of their votes; with `majority` the share of patches that voted for the class. */
  probabilities: number[][];
  /** The three likeliest classes a clip: the predicted one, then by votes of patches, then by votes of neighbours. */
  topThree: number[][];
  /** Neighbours a patch; the fewest, where it differs. */
  numNeighbours: number;
}

/**
 * How neighbours vote. `similarity`: each weighs exp(cosine / 0.07) (Wu et al. 2018, "Unsupervised feature learning via non-parametric
 * instance discrimination", section 3.4), a patch's votes add up to 1 and a clip's prediction is their mean. `majority`: each neighbour
 * counts 1, a patch has one vote, a clip goes by the most votes of its patches.
 */
export type VoteKind = 'similarity' | 'majority';

const TEMPERATURE = 0.07;

/** Rows on the backend at a time: a block of the bank serves so many queries that carrying it there costs little beside the product. */
const BANK_BLOCK = 4096;
const QUERY_BLOCK = 2048;

/**
 * k-nearest-neighbour vote: rows are L2-normalised, each query patch asks its min(neighbours, bank) nearest bank patches by cosine, among
 * equal cosines the earlier ones. `exceptOwnClip` leaves the bank patches of the query's own clip out (the bank then uses the same clip
 * numbers), and, voting by similarity, one clip of every other class with several as well: the query's class must not be the only one that
 * is a clip short, or chance would be below 1 / classes and equal embeddings would always be called wrong.
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
  vote = 'similarity',
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
  vote?: VoteKind;
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
  const votes = new ClipVotes(numClasses, vote);
  const k = Math.min(neighbours, numBank);
  const nearest = Array.from({ length: Math.min(QUERY_BLOCK, numQueries) }, () => new TopK(k));
  const leaveOut = exceptOwnClip ? leavingOut(bank, bankLabels, vote === 'similarity') : undefined;
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
        nearest[row].addRow(cosines, row * size, size, leaveOut?.(clip), firstOfBank);
      }
      onProgress?.(first + Math.floor((count * (firstOfBank + size)) / numBank), numQueries);
      await new Promise(setImmediate);
    }
    for (let row = 0; row < count; row++) {
      const best = nearest[row];
      if (best.size === 0) throw new AudiosslError('knnVote: leaving the own clip out needs at least 2 clips in the bank, got 1');
      numNeighbours = Math.min(numNeighbours, best.size);
      votes.add(queries.clipOfPatch[first + row], best, bankLabels);
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
  vote,
  signal,
}: {
  patches: PatchSet;
  /** Class of each patch. */
  labels: ArrayLike<number>;
  numClasses: number;
  neighbours?: number;
  vote?: VoteKind;
  signal?: AbortSignal;
}): Promise<KnnVote> {
  return knnVote({ bank: patches, bankLabels: labels, queries: patches, numClasses, neighbours, vote, exceptOwnClip: true, signal });
}

/**
 * Of a clip, which bank patches it must not ask: its own, and if `isFair` those of one clip of every other class that has several. The
 * n-th clip of a class leaves out the n-th of the others, counted round where they have fewer.
 */
function leavingOut(bank: PatchSet, labels: ArrayLike<number>, isFair: boolean): (clip: number) => (patch: number) => boolean {
  const clipOfPatch = bank.clipOfPatch;
  const places = new Map<number, { label: number; place: number }>();
  const counts = new Map<number, number>();
  for (let patch = 0; patch < labels.length; patch++) {
    const label = labels[patch];
    if (places.has(clipOfPatch[patch])) continue;
    const place = counts.get(label) ?? 0;
    places.set(clipOfPatch[patch], { label, place });
    counts.set(label, place + 1);
  }
  const placeOfPatch = Array.from(labels, (_, patch) => (places.get(clipOfPatch[patch]) as { place: number }).place);
  return (clip) => {
    const own = places.get(clip);
    if (!isFair || own === undefined) return (patch) => clipOfPatch[patch] === clip;
    return (patch) => {
      if (clipOfPatch[patch] === clip) return true;
      const count = counts.get(labels[patch]) as number;
      return labels[patch] !== own.label && count > 1 && placeOfPatch[patch] === own.place % count;
    };
  };
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

  constructor(
    private readonly numClasses: number,
    private readonly vote: VoteKind,
  ) {}

  add(clip: number, nearest: TopK, labels: ArrayLike<number>): void {
    let votes = this.clips.get(clip);
    if (votes === undefined) {
      votes = { patches: new Float64Array(this.numClasses), neighbours: new Float64Array(this.numClasses) };
      this.clips.set(clip, votes);
    }
    const [indices, cosines] = [nearest.indices(), nearest.kept()];
    const largest = cosines.reduce((a, b) => Math.max(a, b), -1);
    const shares = new Float64Array(this.numClasses);
    let total = 0;
    for (let i = 0; i < indices.length; i++) {
      const weight = this.vote === 'majority' ? 1 : Math.exp((cosines[i] - largest) / TEMPERATURE);
      shares[labels[indices[i]]] += weight;
      total += weight;
    }
    if (this.vote === 'majority') votes.patches[argMax(shares)]++;
    for (let label = 0; label < shares.length; label++) {
      votes.neighbours[label] += shares[label] / total;
      if (this.vote === 'similarity') votes.patches[label] += shares[label] / total;
    }
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
