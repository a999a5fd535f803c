import { AudiosslError } from '../util/errors.js';
import { NPY_HEADER_BYTES, readFully } from '../util/npy.js';
import type { ReadableFile } from '../util/readableFile.js';

/** What raw log-mel is standardised with: (x - mean) / standardDeviation. Arrays of length 1 (global) or nMels (a value a band). */
export interface Standardisation {
  mean: number[];
  standardDeviation: number[];
  /** Every clip has its own mean and deviation taken out before (`ClipLevel`), and these are 0 and 1. */
  perClip?: true;
}

/** What is standardised alike: all values, those of a band, those of a clip. */
export type StandardisationAxes = 'global' | 'perBand' | 'perClip';

/** Under this variance (in log10 units squared) values count as constant; the deviation is then 1, so that nothing is divided by 0. */
const MIN_VARIANCE = 1e-12;
const CHUNK_CLIPS = 1024;

/** Sum and sum of squares of each band of one clip, float64 [2, nMels]: one row of stats.npy. `frames` is [numFrames, nMels] row-major. */
export function clipSums(frames: Float32Array, nMels: number): Float64Array {
  const sums = new Float64Array(2 * nMels);
  addClipSums(sums, frames, nMels);
  return sums;
}

/** Adds the next frames of a clip: the same bits in the end, however it is cut. */
export function addClipSums(sums: Float64Array, frames: Float32Array, nMels: number): void {
  for (let i = 0; i < frames.length; i += nMels) {
    for (let band = 0; band < nMels; band++) {
      const value = frames[i + band];
      sums[band] += value;
      sums[nMels + band] += value * value;
    }
  }
}

/** Where a store's sums are: its stats.npy, open, and the clips whose rows stand in it. */
export interface ClipSumsFile {
  handle: ReadableFile;
  file: string;
  clips: readonly { numFrames: number }[];
  nMels: number;
}

/** Hands the sums `[2, nMels]` of the chosen clips to `onClip`, each clip once, in the order of the store; the file is read in chunks. */
export async function eachClipSums(
  { handle, file, clips, nMels }: ClipSumsFile,
  clipIndices: ArrayLike<number>,
  onClip: (clip: number, sums: Float64Array) => void,
): Promise<void> {
  const isChosen = new Uint8Array(clips.length);
  for (let i = 0; i < clipIndices.length; i++) {
    if (!(clipIndices[i] in clips))
      throw new AudiosslError(`statistics: clip must be an index under ${clips.length}, got ${clipIndices[i]}`);
    isChosen[clipIndices[i]] = 1;
  }
  const size = 2 * nMels;
  for (let first = 0; first < clips.length; first += CHUNK_CLIPS) {
    const rows = Math.min(CHUNK_CLIPS, clips.length - first);
    if (!isChosen.subarray(first, first + rows).includes(1)) continue;
    const chunk = new Float64Array(rows * size);
    await readFully(handle, new Uint8Array(chunk.buffer), NPY_HEADER_BYTES + first * size * 8, file);
    for (let row = 0; row < rows; row++) {
      if (isChosen[first + row] === 1) onClip(first + row, chunk.subarray(row * size, (row + 1) * size));
    }
  }
}

/** Of `count` values with this sum and sum of squares. */
export function meanAndDeviation(sum: number, squares: number, count: number): { mean: number; standardDeviation: number } {
  const mean = sum / count;
  const variance = Math.max(0, squares / count - mean ** 2);
  return { mean, standardDeviation: variance < MIN_VARIANCE ? 1 : Math.sqrt(variance) };
}

/** Mean and deviation of the chosen clips from the rows of stats.npy. */
export async function standardisationOf({
  clipIndices,
  standardisation,
  compat = {},
  ...sumsFile
}: ClipSumsFile & {
  clipIndices: ArrayLike<number>;
  standardisation: 'global' | 'perBand';
  compat?: { standardDeviation?: boolean };
}): Promise<Standardisation> {
  const { clips, nMels } = sumsFile;
  const totals = new Float64Array(2 * nMels);
  let numFrames = 0;
  await eachClipSums(sumsFile, clipIndices, (clip, sums) => {
    numFrames += clips[clip].numFrames;
    for (let i = 0; i < totals.length; i++) totals[i] += sums[i];
  });
  if (numFrames === 0) throw new AudiosslError('statistics: at least one clip is needed, got none');
  const groups =
    standardisation === 'perBand'
      ? Array.from(totals.subarray(0, nMels), (_, band) => [band])
      : [Array.from({ length: nMels }, (_, band) => band)];
  const mean: number[] = [];
  const standardDeviation: number[] = [];
  for (const bands of groups) {
    const count = numFrames * bands.length;
    const sum = bands.reduce((total, band) => total + totals[band], 0);
    const squares = bands.reduce((total, band) => total + totals[nMels + band], 0);
    const own = meanAndDeviation(sum, squares, count);
    mean.push(own.mean);
    // The authors' code takes the root of the sum S before dividing by the count: sqrt(S) / N = deviation / sqrt(N).
    standardDeviation.push(compat.standardDeviation === true ? own.standardDeviation / Math.sqrt(count) : own.standardDeviation);
  }
  return { mean, standardDeviation };
}
