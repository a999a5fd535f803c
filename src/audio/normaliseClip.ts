import { ClipLevel, normaliseTo } from './ClipLevel.js';

/**
 * (x - mean) / (max|x - mean| + headRoom): a new array in (-1, 1). Throws AudiosslError for 0 samples.
 *
 * @example
 * ```ts
 * import { normaliseClip } from 'audiossl';
 * normaliseClip(Float32Array.of(1, 2, 3), { headRoom: 0 }); // => [-1, 0, 1]
 * ```
 */
export function normaliseClip(samples: Float32Array, options: { headRoom?: number } = {}): Float32Array {
  const level = new ClipLevel();
  level.add(samples);
  return normaliseTo(level, samples, options);
}
