import type * as tf from '@tensorflow/tfjs-core';
import { tidy } from '@tensorflow/tfjs-core';
import { applyViewStep, type ViewInputs } from './applyViews.js';
import type { ViewPlan } from './sampleViews.js';
import type { SpecAugmentParams } from './specAugment.js';

/** A picture of a report: the patch (stage 0), then what it looks like after each augmentation. */
export interface ViewStage {
  /** 'patch' or the augmentation's name. */
  name: string;
  /** `[patchFrames, nMels]`, row-major. */
  logMel: Float32Array;
  /** The numbers drawn for it, as text: `exponent 0.87`. Empty for the patch. */
  detail: string;
}

/**
 * What each augmentation of a plan does to one patch, stage by stage.
 * @param patch raw log-mel, a batch of one: `[1, time, mel]`, with a plan for one clip
 *
 * @example
 * ```ts
 * import { explainViews, sampleViews, tf, viewsOptions } from 'audiossl';
 * const views = viewsOptions.parse([{ name: 'randomResizedCrop' }, { name: 'gaussianNoise' }]);
 * const plan = sampleViews(views, { seed: 0, epoch: 1, clips: [0], view: 0, patchFrames: 101, nMels: 96 });
 * const stages = await explainViews(tf.zeros([1, 101, 96]), plan);
 * stages.map(({ name }) => name); // => ['patch', 'randomResizedCrop', 'gaussianNoise']
 * ```
 */
export async function explainViews(patch: tf.Tensor3D, plan: ViewPlan, inputs: ViewInputs = {}): Promise<ViewStage[]> {
  const stages = [{ name: 'patch', logMel: await readFloats(patch), detail: '' }];
  let view = patch;
  for (const step of plan.steps) {
    const before = view;
    view = tidy(() => applyViewStep(before, step, inputs));
    if (before !== patch) before.dispose();
    stages.push({ name: step.name, logMel: await readFloats(view), detail: describeParams(step.params[0]) });
  }
  if (view !== patch) view.dispose();
  return stages;
}

/** A copy: a backend may hand out its own memory. */
async function readFloats(tensor: tf.Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data<'float32'>());
}

function describeParams(params: object): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(params)) {
    if (name === 'key') continue;
    if (name === 'masks') parts.push(...describeMasks(value));
    else parts.push(`${words(name)} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`);
  }
  return parts.join(', ');
}

const words = (camelCase: string): string => camelCase.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function describeMasks(masks: SpecAugmentParams['masks']): string[] {
  return masks.filter(({ width }) => width > 0).map(({ axis, first, width }) => `${axis} ${first}..${first + width - 1}`);
}
