import type { FeatureAnalysisRecord } from '../run/featureAnalysis.js';
import { alignment } from './alignment.js';
import { classCosines } from './classCosines.js';
import { distanceHistogram, otherPairDistances, pairDistances } from './distanceHistogram.js';
import { tolerance } from './tolerance.js';
import { uniformityInBlocks } from './uniformityInBlocks.js';

/** Rows of positive pairs, `[n, dim]` row-major each: row i of `first` and of `second` come from one clip. */
export interface PositivePairs {
  first: Float32Array;
  second: Float32Array;
  dim: number;
}

/** What is said of one space (h or z) on one kind of positive pairs. */
export interface SpaceAnalysis {
  uniformity: number;
  tolerance: number | null;
  alignment: number;
  sameClassCosine: number | null;
  otherClassCosine: number | null;
}

type Histograms = FeatureAnalysisRecord['histograms'];
export type Histogram = Histograms['views']['h'];

/** The definitions, in words; they go into every record. */
export const featureDefinitions = {
  rows: 'all rows are L2-normalised; the encoder runs in evaluation mode with the checkpoint’s own standardisation and batch-norm statistics',
  uniformity:
    'log of the mean over pairs a < b of exp(-2 |x_a - x_b|^2), natural logarithm, first view of each clip only (Wang & Isola 2020; the published tables list minus this)',
  tolerance:
    "mean cosine over all ordered pairs of different rows of one class, both views stacked, so that a clip's own other view counts and large classes weigh more (Wang & Liu 2021, as published for the angular contrastive loss)",
  alignment: 'mean over the positive pairs of |x - y|^2 (Wang & Isola 2020)',
  sameClassCosine: 'mean cosine over pairs of different clips of one class, first views',
  otherClassCosine: 'mean cosine over pairs of clips of different classes, first views',
  histograms: 'distances |x - y|, 100 equal bins over 0 .. 2',
} as const;

/**
 * Uniformity, tolerance and alignment of one space.
 * @param labels class of each clip, -1 for a clip without one, which then counts for uniformity and alignment only
 */
export async function analyseSpace({ first, second, dim }: PositivePairs, labels: readonly number[]): Promise<SpaceAnalysis> {
  const labelled = labels.flatMap((label, clip) => (label >= 0 ? [clip] : []));
  const known = labelled.map((clip) => labels[clip]);
  const rowsOf = (rows: Float32Array) => (labelled.length === labels.length ? rows : selectRows(rows, labelled, dim));
  const a = rowsOf(first);
  const hasPairs = labelled.length > 0;
  const cosines = hasPairs ? classCosines(a, known, dim) : { same: null, other: null };
  return {
    uniformity: await uniformityInBlocks(first, dim),
    tolerance: hasPairs ? tolerance(joined(a, rowsOf(second)), [...known, ...known], dim) : null,
    alignment: alignment(first, second, dim),
    sameClassCosine: cosines.same,
    otherClassCosine: cosines.other,
  };
}

/** Histogram of the distances of positive pairs. */
export function positiveHistogram({ first, second, dim }: PositivePairs): Histogram {
  return distanceHistogram(pairDistances(first, second, dim));
}

/** Histogram of the distances between first views of different clips. */
export function otherHistogram({ first, dim }: PositivePairs, seed: number): Histogram {
  return distanceHistogram(otherPairDistances(first, dim, { seed }));
}

function selectRows(rows: Float32Array, which: readonly number[], dim: number): Float32Array {
  const out = new Float32Array(which.length * dim);
  which.forEach((row, i) => {
    out.set(rows.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return out;
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
