import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { AudiosslError } from '../util/errors.js';
import type { Rng } from '../util/rng.js';
import { applyMixBack } from './mixBack.js';

const decibels = z.number().min(-40).max(80);

export const backgroundMixOptions = z
  .strictObject({
    name: z.literal('backgroundMix').describe('Mixes a patch of another set of recordings into the background, keeping the energy'),
    from: z
      .string()
      .min(1)
      .describe(
        "Feature store or folder of recordings that the backgrounds come from, as seen from where the command runs; of the run's front end",
      ),
    minSnr: decibels.default(5).describe('Least ratio of the energy of the patch to that of the background, dB'),
    maxSnr: decibels.default(30).describe('Greatest ratio (drawn uniformly in dB)'),
    logBase: z
      .number()
      .gt(1)
      .optional()
      .describe("Base to whose power a log-mel value is an energy; absent: what the front end's logarithm means, 10 for log10 of power"),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe("Checksum of the set's features; a run writes it down, and a set of another one is refused"),
  })
  .refine(({ minSnr, maxSnr }) => minSnr <= maxSnr, { error: 'must be at least minSnr', path: ['maxSnr'] });
export type BackgroundMixOptions = z.infer<typeof backgroundMixOptions>;

export interface BackgroundMixParams {
  /** Energy of the patch by that of the background, dB. */
  snr: number;
}

/** A ratio a view. */
export function sampleBackgroundMix(rng: Rng, { minSnr, maxSnr }: Pick<BackgroundMixOptions, 'minSnr' | 'maxSnr'>): BackgroundMixParams {
  return { snr: rng.uniform(minSnr, maxSnr) };
}

/**
 * `applyMixBack` with the weight `w = 1 / (1 + 10^(snr / 10))`, so that the energies of patch and background are as `10^(snr / 10)` to 1
 * and their sum is the patch's own.
 * @param batch raw log-mel patches `[batch, time, mel]`
 * @param backgrounds of the other set, as `batch`, one a patch
 */
export function applyBackgroundMix(
  batch: tf.Tensor3D,
  params: readonly BackgroundMixParams[],
  { backgrounds, logBase = 10 }: { backgrounds?: tf.Tensor3D; logBase?: number },
): tf.Tensor3D {
  if (!backgrounds) throw new AudiosslError('applyBackgroundMix: needs a patch of the other set for each patch, got none');
  const weights = params.map(({ snr }) => ({ weight: 1 / (1 + 10 ** (snr / 10)) }));
  return applyMixBack(batch, weights, { backgrounds, logBase });
}
