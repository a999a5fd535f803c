import { AudiosslError } from '../util/errors.js';
import { wholeClip } from './clipPart.js';
import type { FrontEnd } from './frontEndPresets.js';
import { logMelFrames } from './logMelFrames.js';

export interface LogMel {
  /** [numFrames, nMels], row-major. */
  data: Float32Array;
  numFrames: number;
  nMels: number;
}

/** Frames that `numSamples` samples give: 1 + floor(n / hop) centred; else 1 + floor((n - nFft) / hop), at least 1. */
export function numLogMelFrames(numSamples: number, { center, nFft, hopLength }: FrontEnd): number {
  return 1 + Math.floor((center ? numSamples : Math.max(0, numSamples - nFft)) / hopLength);
}

/**
 * Log-mel frames of mono samples at `frontEnd.sampleRate`, [numFrames, nMels]; STFT, mel product and logarithm in
 * float64, stored as float32. Normalising and length fixing are not done here: see clipLogMel.
 * A signal shorter than the padding is mirrored repeatedly; without `center` a signal under nFft is filled with zeros.
 * Throws AudiosslError for 0 samples, or when a sample is not finite.
 *
 * @example
 * ```ts
 * import { logMel, resolveFrontEnd } from 'audiossl';
 * logMel(new Float32Array(22050), resolveFrontEnd()).numFrames; // => 101
 * ```
 */
export function logMel(samples: Float32Array, frontEnd: FrontEnd): LogMel {
  if (samples.length === 0) throw new AudiosslError('logMel: at least 1 sample is needed, got 0');
  const { nMels, topDecibels } = frontEnd;
  const numFrames = numLogMelFrames(samples.length, frontEnd);
  const data = new Float32Array(numFrames * nMels);
  logMelFrames(wholeClip(samples), frontEnd, 0, data);
  const maximum = checkedMaximum(data);
  if (topDecibels !== null) liftToTop(data, maximum, topDecibels);
  return { data, numFrames, nMels };
}

/** The largest value. Throws AudiosslError if one is not finite: a NaN or an infinite sample makes whole frames NaN. */
export function checkedMaximum(data: Float32Array): number {
  let sum = 0;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    sum += value;
    if (value > maximum) maximum = value;
  }
  if (!Number.isFinite(sum))
    throw new AudiosslError('logMel: samples must be finite and within float32, got values that give no finite log-mel');
  return maximum;
}

/** librosa's top_db: nothing lies further than `topDecibels` below the maximum of the clip. */
export function liftToTop(data: Float32Array, maximum: number, topDecibels: number): void {
  for (let i = 0; i < data.length; i++) if (data[i] < maximum - topDecibels) data[i] = maximum - topDecibels;
}
