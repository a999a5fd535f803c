import { AudiosslError } from '../util/errors.js';

/** (x - mean) / (max|x - mean| + headRoom): a new array in (-1, 1). Throws AudiosslError for 0 samples. */
export function normaliseClip(samples: Float32Array, { headRoom = 0.005 }: { headRoom?: number } = {}): Float32Array {
  if (samples.length === 0) throw new AudiosslError('normaliseClip: at least 1 sample is needed, got 0');
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i];
  const mean = sum / samples.length;
  let peak = 0;
  for (let i = 0; i < samples.length; i++) {
    const size = Math.abs(samples[i] - mean);
    if (size > peak) peak = size;
  }
  const divisor = peak + headRoom;
  const out = new Float32Array(samples.length);
  if (divisor > 0) for (let i = 0; i < samples.length; i++) out[i] = (samples[i] - mean) / divisor;
  return out;
}
