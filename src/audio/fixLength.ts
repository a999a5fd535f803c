import { AudiosslError } from '../util/errors.js';

export interface FixLengthOptions {
  numSamples: number;
  /** varup: shorter clips are filled, longer ones kept whole. fix: longer ones are cut as well. varfull: untouched. */
  mode?: 'varup' | 'fix' | 'varfull';
  /** repeat: the clip again and again, cut at numSamples. zero: zeros at the end. */
  fill?: 'repeat' | 'zero';
  /** With `fix`, where a longer clip's cut starts, 0 .. length - numSamples (the authors draw it, without the last one). */
  start?: number;
}

/**
 * Brings a clip to numSamples as `mode` says, [n] -> [m]; an untouched clip is returned itself. Throws AudiosslError for 0 samples.
 *
 * @example
 * ```ts
 * import { fixLength } from 'audiossl';
 * fixLength(Float32Array.of(1, 2), { numSamples: 5 }); // => [1, 2, 1, 2, 1]
 * ```
 */
export function fixLength(
  samples: Float32Array,
  { numSamples, mode = 'varup', fill = 'repeat', start = 0 }: FixLengthOptions,
): Float32Array {
  const n = samples.length;
  if (n === 0) throw new AudiosslError('fixLength: at least 1 sample is needed, got 0');
  if (mode === 'varfull' || n === numSamples) return samples;
  if (n > numSamples) {
    if (mode === 'varup') return samples;
    if (!Number.isInteger(start) || start < 0 || start > n - numSamples)
      throw new AudiosslError(`fixLength: start must be an integer in 0..${n - numSamples}, got ${start}`);
    return samples.slice(start, start + numSamples);
  }
  const out = new Float32Array(numSamples);
  if (fill === 'zero') out.set(samples);
  else for (let at = 0; at < numSamples; at += n) out.set(samples.subarray(0, Math.min(n, numSamples - at)), at);
  return out;
}
