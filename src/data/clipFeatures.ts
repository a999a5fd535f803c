import { stat } from 'node:fs/promises';
import { clipLogMel } from '../audio/clipLogMel.js';
import type { FrontEnd } from '../audio/frontEnd.js';
import { readAudio } from '../audio/readAudio.js';
import { AudiosslError } from '../util/errors.js';
import { decodeFloat16, encodeFloat16 } from '../util/float16.js';
import { clipSums } from './clipStatistics.js';
import type { StoreDtype } from './storeFiles.js';

/** What one recording becomes. */
export interface ClipFeatures {
  numFrames: number;
  /** Samples a channel and rate in Hz of the recording itself. */
  numSamples: number;
  sampleRate: number;
  /** Size and time of change of the file, taken before it was read. */
  sourceBytes: number;
  sourceMtimeMs: number;
  /** [numFrames, nMels] as they go into logmel.npy. */
  values: Uint8Array;
  /** [2, nMels]: sum and sum of squares of the values as stored. */
  sums: Float64Array;
  warnings: string[];
}

/** Decodes a file and makes its features. Throws AudiosslError for a file that cannot be used. */
export async function clipFeatures(
  path: string,
  { frontEnd, dtype, salvage }: { frontEnd: FrontEnd; dtype: StoreDtype; salvage: boolean },
): Promise<ClipFeatures> {
  const { size, mtimeMs } = await stat(path);
  const decoded = await readAudio(path, { salvage });
  const { data, numFrames, nMels } = clipLogMel(decoded, frontEnd);
  const halves = dtype === 'float16' ? encodeFloat16(data) : undefined;
  const stored = halves === undefined ? data : decodeFloat16(halves);
  const sums = clipSums(stored, nMels);
  // A sum is finite only if every value is.
  if (!sums.every(Number.isFinite)) throw new AudiosslError('log-mel: every value must be finite, got NaN or infinity');
  const { buffer, byteOffset, byteLength } = halves ?? data;
  return {
    numFrames,
    numSamples: decoded.numFrames,
    sampleRate: decoded.sampleRate,
    sourceBytes: size,
    sourceMtimeMs: Math.floor(mtimeMs),
    values: new Uint8Array(buffer, byteOffset, byteLength),
    sums,
    warnings: decoded.warnings,
  };
}
