import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { gaussianNoise } from '../ops/gaussianNoise.js';
import type { Rng } from '../util/rng.js';
import { checkParams } from './perPatch.js';

export const gaussianNoiseOptions = z.strictObject({
  name: z.literal('gaussianNoise').describe('Adds white Gaussian noise to the log values'),
  maxStandardDeviation: z
    .number()
    .min(0)
    .default(0.01)
    .describe('Each patch draws its own standard deviation from U(0, maxStandardDeviation), in units of the log-mel'),
});
export type GaussianNoiseOptions = z.infer<typeof gaussianNoiseOptions>;

export interface GaussianNoiseParams {
  standardDeviation: number;
  /** Names the noise: two unsigned 32-bit words (see ops/gaussianNoise). */
  key: [number, number];
}

export function sampleGaussianNoise(
  rng: Rng,
  { maxStandardDeviation }: Pick<GaussianNoiseOptions, 'maxStandardDeviation'>,
): GaussianNoiseParams {
  return { standardDeviation: rng.uniform(0, maxStandardDeviation), key: [rng.uint32(), rng.uint32()] };
}

/** `out = batch + standardDeviation * normal(key, bin)`, each patch its own; `batch` is `[batch, time, mel]`. */
export function applyGaussianNoise(batch: tf.Tensor3D, params: readonly GaussianNoiseParams[]): tf.Tensor3D {
  checkParams('applyGaussianNoise', batch, params);
  return tf.tidy(() => {
    const keys = Uint32Array.from(params.flatMap(({ key }) => key));
    const standardDeviations = params.map(({ standardDeviation }) => standardDeviation);
    return tf.add<tf.Tensor3D>(batch, gaussianNoise(keys, standardDeviations, batch.shape));
  });
}
