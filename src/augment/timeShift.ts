import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Rng } from '../util/rng.js';
import { gatherFrames } from './gatherFrames.js';
import { checkParams } from './perPatch.js';

export const timeShiftOptions = z.strictObject({
  name: z.literal('timeShift').describe('Rolls the patch forward in time; what leaves at the end comes in at the start'),
  limitFrames: z.int().min(2).default(30).describe('Shift = 1 .. limitFrames - 1 frames, uniform'),
});
export type TimeShiftOptions = z.infer<typeof timeShiftOptions>;

export interface TimeShiftParams {
  frames: number;
}

export function sampleTimeShift(rng: Rng, { limitFrames }: Pick<TimeShiftOptions, 'limitFrames'>): TimeShiftParams {
  return { frames: rng.integer(1, limitFrames) };
}

/** `out[b, (t + frames) mod time] = batch[b, t]`; `batch` is `[batch, time, mel]`. */
export function applyTimeShift(batch: tf.Tensor3D, params: readonly TimeShiftParams[]): tf.Tensor3D {
  checkParams('applyTimeShift', batch, params);
  const numFrames = batch.shape[1];
  return gatherFrames(batch, (b, t) => (((t - params[b].frames) % numFrames) + numFrames) % numFrames);
}
