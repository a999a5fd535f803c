import * as tf from '@tensorflow/tfjs-core';
import { applyBackgroundMix } from './backgroundMix.js';
import { applyCompander } from './compander.js';
import { applyFrequencyShift } from './frequencyShift.js';
import { applyGaussianBlur } from './gaussianBlur.js';
import { applyGaussianNoise } from './gaussianNoise.js';
import { applyMixBack } from './mixBack.js';
import { applyModuleView } from './moduleView.js';
import { applyRandomResizedCrop } from './randomResizedCrop.js';
import type { ViewPlan, ViewStep } from './sampleViews.js';
import { applySpecAugment } from './specAugment.js';
import { applyTimeReversal } from './timeReversal.js';
import { applyTimeShift } from './timeShift.js';

/** What the plan does not hold: tensors. */
export interface ViewInputs {
  /** mixBack's background patches, shaped as the batch. */
  backgrounds?: tf.Tensor3D;
  /** backgroundMix's patches of the other set, shaped as the batch. */
  others?: tf.Tensor3D;
}

/** One augmentation of a whole batch `[batch, time, mel]`. */
export function applyViewStep(batch: tf.Tensor3D, step: ViewStep, { backgrounds, others }: ViewInputs): tf.Tensor3D {
  switch (step.name) {
    case 'mixBack':
      return applyMixBack(batch, step.params, { backgrounds, logBase: step.logBase });
    case 'backgroundMix':
      return applyBackgroundMix(batch, step.params, { backgrounds: others, logBase: step.logBase });
    case 'timeShift':
      return applyTimeShift(batch, step.params);
    case 'frequencyShift':
      return applyFrequencyShift(batch, step.params);
    case 'randomResizedCrop':
      return applyRandomResizedCrop(batch, step.params);
    case 'timeReversal':
      return applyTimeReversal(batch, step.params);
    case 'compander':
      return applyCompander(batch, step.params);
    case 'specAugment':
      return applySpecAugment(batch, step.params, { fill: step.fill });
    case 'gaussianNoise':
      return applyGaussianNoise(batch, step.params);
    case 'gaussianBlur':
      return applyGaussianBlur(batch, step.params);
    case 'module':
      return applyModuleView(batch, step.module, step.params);
  }
}

/**
 * Patches to views by a plan of `sampleViews`: pure, on the backend, the whole batch at once. The input is not disposed of.
 * @param patches raw log-mel `[batch, time, mel]`; standardisation comes after
 *
 * @example
 * ```ts
 * import { applyViews, sampleViews, tf, viewsOptions } from 'audiossl';
 * const views = viewsOptions.parse([{ name: 'randomResizedCrop' }, { name: 'gaussianNoise' }]);
 * const plan = sampleViews(views, { seed: 0, epoch: 1, clips: [0, 1], view: 0, patchFrames: 101, nMels: 96 });
 * applyViews(tf.zeros([2, 101, 96]), plan).shape; // => [2, 101, 96]
 * ```
 */
export function applyViews(patches: tf.Tensor3D, plan: ViewPlan, inputs: ViewInputs = {}): tf.Tensor3D {
  return tf.tidy(() => {
    let views = patches;
    for (const step of plan.steps) {
      const next = applyViewStep(views, step, inputs);
      if (views !== patches) tf.dispose(views);
      views = next;
    }
    return views === patches ? tf.clone(patches) : views;
  });
}
