import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Rng } from '../util/rng.js';
import { gatherFrames } from './gatherFrames.js';
import { checkParams } from './perPatch.js';

export const timeReversalOptions = z.strictObject({
  name: z.literal('timeReversal').describe('Flips the time axis'),
  reversalProb: z.number().min(0).max(1).default(0.5).describe('Probability that a patch is flipped'),
});
export type TimeReversalOptions = z.infer<typeof timeReversalOptions>;

export interface TimeReversalParams {
  isReversed: boolean;
}

export function sampleTimeReversal(rng: Rng, { reversalProb }: Pick<TimeReversalOptions, 'reversalProb'>): TimeReversalParams {
  return { isReversed: rng.uniform() < reversalProb };
}

/** `out[b, t] = batch[b, time - 1 - t]` where the patch is reversed; `batch` is `[batch, time, mel]`. */
export function applyTimeReversal(batch: tf.Tensor3D, params: readonly TimeReversalParams[]): tf.Tensor3D {
  checkParams('applyTimeReversal', batch, params);
  const last = batch.shape[1] - 1;
  return gatherFrames(batch, (b, t) => (params[b].isReversed ? last - t : t));
}
