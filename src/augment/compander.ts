import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Rng } from '../util/rng.js';
import { checkParams, perPatch } from './perPatch.js';

export const companderOptions = z.strictObject({
  name: z.literal('compander').describe('Compresses or expands: multiplies the log values, that is, raises the powers to an exponent'),
  exponentLimit: z
    .number()
    .positive()
    .default(0.75)
    .describe('The exponent is uniform between this and 1: below 1 compresses, above 1 expands, 1 does nothing'),
});
export type CompanderOptions = z.infer<typeof companderOptions>;

export interface CompanderParams {
  exponent: number;
}

export function sampleCompander(rng: Rng, { exponentLimit }: Pick<CompanderOptions, 'exponentLimit'>): CompanderParams {
  return { exponent: rng.uniform(Math.min(exponentLimit, 1), Math.max(exponentLimit, 1)) };
}

/** `out = exponent * batch`, each patch its own: pulls log values toward 0 (power 1), so it depends on the level. `[batch, time, mel]`. */
export function applyCompander(batch: tf.Tensor3D, params: readonly CompanderParams[]): tf.Tensor3D {
  checkParams('applyCompander', batch, params);
  return tf.tidy(() => tf.mul<tf.Tensor3D>(batch, perPatch(params.map(({ exponent }) => exponent))));
}
