import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { AudiosslError } from '../util/errors.js';
import type { Rng } from '../util/rng.js';
import { checkParams, perPatch } from './perPatch.js';

export const mixBackOptions = z.strictObject({
  name: z.literal('mixBack').describe('Mixes a patch of another training clip into the background, keeping the energy'),
  maxWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe("Largest share of the patch's energy that the background gets (weight ~ U(0, maxWeight))"),
  logBase: z
    .number()
    .gt(1)
    .optional()
    .describe("Base to whose power a log-mel value is an energy; absent: what the front end's logarithm means, 10 for log10 of power"),
});
export type MixBackOptions = z.infer<typeof mixBackOptions>;

export interface MixBackParams {
  /** Share of the energy that comes from the background, 0 .. 1. */
  weight: number;
}

/** Both views of a clip share the weight: pass the generator of view 0 for either. */
export function sampleMixBack(rng: Rng, { maxWeight }: Pick<MixBackOptions, 'maxWeight'>): MixBackParams {
  return { weight: rng.uniform(0, maxWeight) };
}

/**
 * `out = log((1 - w) x + w (E(x) / E(b)) b)` with `x`, `b` the powers of foreground and background and `E` their sum over a patch,
 * so that the energy stays `E(x)` and the background's part of it is `w` (Fonseca et al. 2021, "mix-back").
 * Each patch's maximum is taken out before the powers are formed, so nothing overflows: only bins more than 37 decades below it vanish.
 * @param batch raw log-mel patches `[batch, time, mel]`
 * @param backgrounds as `batch`, one a patch
 */
export function applyMixBack(
  batch: tf.Tensor3D,
  params: readonly MixBackParams[],
  { backgrounds, logBase = 10 }: { backgrounds?: tf.Tensor3D; logBase?: number },
): tf.Tensor3D {
  checkParams('applyMixBack', batch, params);
  if (!backgrounds) throw new AudiosslError('applyMixBack: needs a background patch for each patch, got none; pass {backgrounds}');
  tf.util.assertShapesMatch(backgrounds.shape, batch.shape, 'applyMixBack: backgrounds must have the shape of the patches: ');
  const ln = Math.log(logBase);
  return tf.tidy(() => {
    const peak = tf.max(batch, [1, 2], true); // [batch, 1, 1]
    const foreground = tf.exp(tf.mul(tf.sub(batch, peak), ln));
    const background = tf.exp(tf.mul(tf.sub(backgrounds, tf.max(backgrounds, [1, 2], true)), ln));
    const energyRatio = tf.div(tf.sum(foreground, [1, 2], true), tf.sum(background, [1, 2], true));
    const kept = tf.mul(foreground, perPatch(params.map(({ weight }) => 1 - weight)));
    const added = tf.mul(background, tf.mul(energyRatio, perPatch(params.map(({ weight }) => weight))));
    return tf.add<tf.Tensor3D>(tf.mul(tf.log(tf.add(kept, added)), 1 / ln), peak);
  });
}
