import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Rng } from '../util/rng.js';
import { applyAxisMatrices, axisMatrices } from './axisMatrices.js';
import { checkParams } from './perPatch.js';

export const frequencyShiftOptions = z.strictObject({
  name: z.literal('frequencyShift').describe('Rolls the patch up in mel bands; the top bands come in at the bottom'),
  limitMels: z.int().min(2).default(10).describe('Shift = 1 .. limitMels - 1 bands, uniform'),
});
export type FrequencyShiftOptions = z.infer<typeof frequencyShiftOptions>;

export interface FrequencyShiftParams {
  mels: number;
}

export function sampleFrequencyShift(rng: Rng, { limitMels }: Pick<FrequencyShiftOptions, 'limitMels'>): FrequencyShiftParams {
  return { mels: rng.integer(1, limitMels) };
}

/** `out[b, t, (m + mels) mod nMels] = batch[b, t, m]`, a product with permutation matrices; `batch` is `[batch, time, mel]`. */
export function applyFrequencyShift(batch: tf.Tensor3D, params: readonly FrequencyShiftParams[]): tf.Tensor3D {
  checkParams('applyFrequencyShift', batch, params);
  const nMels = batch.shape[2];
  const mel = axisMatrices(params.length, nMels, (matrix, b) => {
    for (let m = 0; m < nMels; m++) matrix[((m + params[b].mels) % nMels) * nMels + m] = 1;
  });
  return applyAxisMatrices(batch, { mel });
}
