import type { Standardisation } from './clipStatistics.js';
import { addClipSums, meanAndDeviation } from './clipStatistics.js';

/** What one clip's log-mel is standardised with: the mean and the deviation of all of its values. */
export interface ClipLevel {
  mean: number;
  standardDeviation: number;
}

/** What a model says of the log-mel that it takes where every clip has a mean and deviation of its own. */
export const perClipStandardisation: Standardisation = { mean: [0], standardDeviation: [1], perClip: true };

/** From a clip's sums `[2, nMels]`; the deviation of a clip without sound is 1. */
export function clipLevel(sums: Float64Array, numFrames: number): ClipLevel {
  const nMels = sums.length / 2;
  const add = (first: number) => sums.subarray(first, first + nMels).reduce((total, value) => total + value, 0);
  return meanAndDeviation(add(0), add(nMels), numFrames * nMels);
}

/** Standardises the log-mel `[numFrames, nMels]` of a whole clip, in place: the values that a store of it gives. */
export function standardiseClip(frames: Float32Array, nMels: number): Float32Array {
  const sums = new Float64Array(2 * nMels);
  addClipSums(sums, frames, nMels);
  return applyLevel(frames, clipLevel(sums, frames.length / nMels));
}

/** In place. */
export function applyLevel(values: Float32Array, { mean, standardDeviation }: ClipLevel): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = (values[i] - mean) / standardDeviation;
  return values;
}
