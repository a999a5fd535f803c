import type { DistanceHistogram } from '../run/featureAnalysis.js';
import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';
import { rowDot, unitRows } from './unitRows.js';

const NUM_BINS = 100;

/** Histogram of distances between points of the unit sphere: 100 bins over 0 .. 2; mean, standard deviation and median are of the distances. */
export function distanceHistogram(distances: Float64Array): DistanceHistogram {
  const n = distances.length;
  if (n === 0) throw new AudiosslError('distanceHistogram: needs at least 1 pair, got 0');
  const counts = new Array<number>(NUM_BINS).fill(0);
  let mean = 0;
  for (const distance of distances) {
    // Rounding may take a distance a little beyond 2.
    counts[Math.min(NUM_BINS - 1, Math.floor((distance / 2) * NUM_BINS))]++;
    mean += distance / n;
  }
  let variance = 0;
  for (const distance of distances) variance += (distance - mean) ** 2 / n;
  const sorted = Float64Array.from(distances).sort();
  const median = (sorted[Math.floor((n - 1) / 2)] + sorted[Math.ceil((n - 1) / 2)]) / 2;
  return { low: 0, high: 2, counts, numPairs: n, mean, standardDeviation: Math.sqrt(variance), median };
}

/** |a_i - b_i| of L2-normalised rows. */
export function pairDistances(a: ArrayLike<number>, b: ArrayLike<number>, dim: number): Float64Array {
  const [first, second] = [unitRows(a, dim), unitRows(b, dim)];
  if (first.length !== second.length)
    throw new AudiosslError(`pairDistances: both views must have the same shape, got ${first.length} and ${second.length} values`);
  return Float64Array.from({ length: first.length / dim }, (_, row) => {
    let squares = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) squares += (first[i] - second[i]) ** 2;
    return Math.sqrt(squares);
  });
}

/** Distances of L2-normalised rows of different clips: all pairs where there are no more than `most`, else `most` pairs drawn by `seed`. */
export function otherPairDistances(
  embeddings: ArrayLike<number>,
  dim: number,
  { seed, most = 200_000 }: { seed: number; most?: number },
): Float64Array {
  const rows = unitRows(embeddings, dim);
  const n = rows.length / dim;
  if (n < 2) throw new AudiosslError(`otherPairDistances: needs at least 2 rows, got ${n}`);
  const distance = (a: number, b: number) => Math.sqrt(Math.max(0, 2 - 2 * rowDot(rows, a, rows, b, dim)));
  const numPairs = (n * (n - 1)) / 2;
  if (numPairs > most) {
    const rng = new Rng({ seed, purpose: 'otherPairs' });
    return Float64Array.from({ length: most }, () => {
      const a = rng.integer(0, n);
      const b = rng.integer(0, n - 1);
      return distance(a, b < a ? b : b + 1);
    });
  }
  const distances = new Float64Array(numPairs);
  let at = 0;
  for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) distances[at++] = distance(a, b);
  return distances;
}
