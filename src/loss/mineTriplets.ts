import { AudiosslError } from '../util/errors.js';

/** Which triplets of an anchor a, a positive p and a negative n count, by their distances. */
export type Mining = 'all' | 'hard' | 'semiHard' | 'easy';

export interface MinedTriplets {
  /** Of `max(0, d_ap - d_an + margin)` over the triplets that count. */
  sum: number;
  /** Triplets that count, and those among them whose term is above 0. */
  numMined: number;
  numViolating: number;
  /** d sum / d distance, `[anchor x candidate]`. */
  slope: Float32Array;
}

/**
 * The triplet terms of all anchors at once: each mining rule is an interval of d_an around d_ap, so with an anchor's negatives sorted a
 * positive's sum is a difference of two prefix sums. `O(n^2 log n)` time and `O(n^2)` memory, where listing the triplets takes n^3.
 * all: every triplet; hard: d_an <= d_ap; semiHard: d_ap < d_an < d_ap + margin; easy: d_an >= d_ap + margin, whose terms are 0.
 *
 * @param distances `[anchor x candidate]`, 0 or more, row-major
 * @param kinds likewise: 1 = positive, -1 = negative, 0 = neither
 */
export function mineTriplets(
  { distances, kinds }: { distances: Float32Array; kinds: Float32Array },
  { numAnchors, margin, mining }: { numAnchors: number; margin: number; mining: Mining },
): MinedTriplets {
  const numCandidates = distances.length / numAnchors;
  if (numCandidates > columnRange) throw new AudiosslError(`mineTriplets: at most ${columnRange} candidates, got ${numCandidates}`);
  const result: MinedTriplets = { sum: 0, numMined: 0, numViolating: 0, slope: new Float32Array(distances.length) };
  const positives = new SortedRow(numCandidates);
  const negatives = new SortedRow(numCandidates);
  const prefix = new Float64Array(numCandidates + 1);
  const change = new Int32Array(numCandidates + 1);
  for (let anchor = 0; anchor < numAnchors; anchor++) {
    const from = anchor * numCandidates;
    const row = distances.subarray(from, from + numCandidates);
    const kindsOfRow = kinds.subarray(from, from + numCandidates);
    positives.sort(row, kindsOfRow, 1);
    negatives.sort(row, kindsOfRow, -1);
    if (positives.count === 0 || negatives.count === 0) continue;
    for (let n = 0; n < negatives.count; n++) prefix[n + 1] = prefix[n] + negatives.values[n];
    change.fill(0, 0, negatives.count + 1);
    let nearer = 0; // Negatives with d_an <= d_ap ...
    let near = 0; // ... and with d_an < d_ap + margin.
    for (let p = 0; p < positives.count; p++) {
      const distance = positives.values[p];
      while (nearer < negatives.count && negatives.values[nearer] <= distance) nearer++;
      while (near < negatives.count && negatives.values[near] < distance + margin) near++;
      const [first, end] =
        mining === 'easy' ? [0, 0] : [mining === 'semiHard' ? nearer : 0, mining === 'hard' ? Math.min(nearer, near) : near];
      const count = Math.max(0, end - first);
      result.numMined += { all: negatives.count, hard: nearer, semiHard: count, easy: negatives.count - near }[mining];
      if (count === 0) continue;
      result.numViolating += count;
      result.sum += count * (distance + margin) - (prefix[end] - prefix[first]);
      result.slope[from + positives.columns[p]] += count;
      change[first]--;
      change[end]++;
    }
    for (let n = 0, slope = 0; n < negatives.count; n++) {
      slope += change[n];
      result.slope[from + negatives.columns[n]] += slope;
    }
  }
  return result;
}

/** The chosen values of a row in ascending order, and the columns they come from. */
class SortedRow {
  count = 0;
  readonly values: Float64Array;
  readonly columns: Int32Array;
  private readonly keys: Float64Array;
  private readonly float = new Float32Array(1);
  private readonly bits = new Uint32Array(this.float.buffer);

  constructor(length: number) {
    this.values = new Float64Array(length);
    this.columns = new Int32Array(length);
    this.keys = new Float64Array(length);
  }

  /** The bits of floats that are 0 or more have the floats' order; beside them in one exact number stands the column. */
  sort(row: Float32Array, kinds: Float32Array, kind: 1 | -1): void {
    this.count = 0;
    for (let column = 0; column < row.length; column++) {
      if (kinds[column] !== kind) continue;
      this.float[0] = row[column] + 0; // -0 has the bits of a large number.
      this.keys[this.count++] = this.bits[0] * columnRange + column;
    }
    this.keys.subarray(0, this.count).sort();
    for (let i = 0; i < this.count; i++) {
      const column = this.keys[i] % columnRange;
      this.columns[i] = column;
      this.values[i] = row[column];
    }
  }
}

/** Columns are below it: 32 bits of a float and 20 of a column are exact in a double. */
const columnRange = 2 ** 20;
