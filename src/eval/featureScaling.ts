import type { PatchSet } from '../embed/embedClips.js';

/** What brings each dimension of the training embeddings to mean 0 and variance 1: (h - mean) x inverseDeviation. */
export interface FeatureScaling {
  /** [dim] */
  mean: Float32Array;
  /** [dim]: 1 / sqrt(variance + 1e-5), as a batch norm without parameters, so that a dimension that never changes stays small. */
  inverseDeviation: Float32Array;
}

const epsilon = 1e-5;

/** Mean and deviation of each dimension over patches, summed in double precision. */
export function featureScaling({ h, dim, clipOfPatch: { length: count } }: PatchSet): FeatureScaling {
  const mean = new Float64Array(dim);
  const variance = new Float64Array(dim);
  for (let row = 0; row < count; row++) for (let i = 0; i < dim; i++) mean[i] += h[row * dim + i] / count;
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dim; i++) variance[i] += (h[row * dim + i] - mean[i]) ** 2 / count;
  }
  return { mean: Float32Array.from(mean), inverseDeviation: Float32Array.from(variance, (value) => 1 / Math.sqrt(value + epsilon)) };
}

/** Does not scale: for classifiers that take embeddings as they are. */
export function noScaling(dim: number): FeatureScaling {
  return { mean: new Float32Array(dim), inverseDeviation: new Float32Array(dim).fill(1) };
}

/** Scales `count` rows [count, dim] of `h` from row `from` on into rows [.., dim + 1] of `out`, whose last column is left alone. */
export function copyScaled({
  h,
  dim,
  from,
  count,
  scaling: { mean, inverseDeviation },
  out,
  to,
}: {
  h: Float32Array;
  dim: number;
  from: number;
  count: number;
  scaling: FeatureScaling;
  out: Float32Array;
  to: number;
}): void {
  for (let row = 0; row < count; row++) {
    const source = (from + row) * dim;
    const target = (to + row) * (dim + 1);
    for (let i = 0; i < dim; i++) out[target + i] = (h[source + i] - mean[i]) * inverseDeviation[i];
  }
}
