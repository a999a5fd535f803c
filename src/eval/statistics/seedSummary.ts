import { AudiosslError } from '../../util/errors.js';

export interface SeedSummary {
  mean: number;
  /** Sample standard deviation (n - 1); null for one value, which says nothing about spread. */
  standardDeviation: number | null;
  n: number;
}

/**
 * Mean and sample standard deviation of one number a seed. Throws AudiosslError without values, or for one that is not finite.
 *
 * @example
 * ```ts
 * import { seedSummary } from 'audiossl';
 * seedSummary([0.8, 0.82, 0.84]); // => { mean: 0.82, standardDeviation: 0.02, n: 3 }
 * ```
 */
export function seedSummary(values: ArrayLike<number>): SeedSummary {
  const n = values.length;
  if (n === 0) throw new AudiosslError('seedSummary: needs at least 1 value, got none');
  let mean = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(values[i])) throw new AudiosslError(`seedSummary: values must be finite, value ${i + 1} is ${values[i]}`);
    mean += (values[i] - mean) / (i + 1);
  }
  if (n === 1) return { mean, standardDeviation: null, n };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  return { mean, standardDeviation: Math.sqrt(squares / (n - 1)), n };
}
