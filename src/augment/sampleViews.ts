import { Rng } from '../util/rng.js';
import { type BackgroundMixParams, sampleBackgroundMix } from './backgroundMix.js';
import { type CompanderParams, sampleCompander } from './compander.js';
import { type FrequencyShiftParams, sampleFrequencyShift } from './frequencyShift.js';
import { type GaussianBlurParams, sampleGaussianBlur } from './gaussianBlur.js';
import { type GaussianNoiseParams, sampleGaussianNoise } from './gaussianNoise.js';
import { type MixBackParams, sampleMixBack } from './mixBack.js';
import { type ModuleViewOptions, sampleModuleView } from './moduleView.js';
import type { PatchSize } from './patchSize.js';
import { type RandomResizedCropParams, sampleRandomResizedCrop } from './randomResizedCrop.js';
import { type SpecAugmentFill, type SpecAugmentParams, sampleSpecAugment } from './specAugment.js';
import { sampleTimeReversal, type TimeReversalParams } from './timeReversal.js';
import { sampleTimeShift, type TimeShiftParams } from './timeShift.js';
import type { ViewOptions, ViewsOptions } from './viewsOptions.js';

/** One augmentation with its numbers, `params[i]` for patch i of the batch. */
export type ViewStep =
  | { name: 'mixBack'; logBase: number; params: MixBackParams[] }
  | { name: 'backgroundMix'; logBase: number; params: BackgroundMixParams[] }
  | { name: 'timeShift'; params: TimeShiftParams[] }
  | { name: 'frequencyShift'; params: FrequencyShiftParams[] }
  | { name: 'randomResizedCrop'; params: RandomResizedCropParams[] }
  | { name: 'timeReversal'; params: TimeReversalParams[] }
  | { name: 'compander'; params: CompanderParams[] }
  | { name: 'specAugment'; fill: SpecAugmentFill; params: SpecAugmentParams[] }
  | { name: 'gaussianNoise'; params: GaussianNoiseParams[] }
  | { name: 'gaussianBlur'; params: GaussianBlurParams[] }
  | { name: 'module'; module: ModuleViewOptions; params: object[] };

/** Everything random about the views of a batch, as plain JSON. */
export interface ViewPlan {
  steps: ViewStep[];
}

/**
 * Draws the numbers for one view of each clip. A clip's numbers depend on (seed, epoch, clip, view) and on the augmentation's name only:
 * not on the batch it is in, nor on what else the list holds. mixBack's weight is shared by a clip's views (drawn as view 0).
 *
 * @example
 * ```ts
 * import { sampleViews, viewsOptions } from 'audiossl';
 * const where = { seed: 0, epoch: 1, view: 0, patchFrames: 101, nMels: 96 };
 * const views = viewsOptions.parse([{ name: 'randomResizedCrop' }]);
 * const [alone, among] = [[5], [4, 5]].map((clips) => sampleViews(views, { ...where, clips }).steps[0].params.at(-1));
 * JSON.stringify(alone) === JSON.stringify(among); // => true
 * ```
 */
export function sampleViews(
  views: ViewsOptions,
  { seed, epoch, clips, view, patchFrames, nMels }: PatchSize & { seed: number; epoch: number; clips: readonly number[]; view: number },
): ViewPlan {
  const timesSeen = new Map<string, number>();
  const steps = views.map((options) => {
    const occurrence = timesSeen.get(options.name) ?? 0;
    timesSeen.set(options.name, occurrence + 1);
    const purpose = `view.${options.name}.${occurrence}`;
    const draw: Draw = (sample, ofView = view) => clips.map((clip) => sample(new Rng({ seed, epoch, clip, view: ofView, purpose })));
    return sampleStep(options, draw, { patchFrames, nMels });
  });
  return { steps };
}

/** Draws one set of parameters for each clip. */
type Draw = <Params>(sample: (rng: Rng) => Params, ofView?: number) => Params[];

function sampleStep(options: ViewOptions, draw: Draw, size: PatchSize): ViewStep {
  const { name } = options;
  switch (name) {
    case 'mixBack':
      return { name, logBase: options.logBase ?? 10, params: draw((rng) => sampleMixBack(rng, options), 0) };
    case 'backgroundMix':
      return { name, logBase: options.logBase ?? 10, params: draw((rng) => sampleBackgroundMix(rng, options)) };
    case 'timeShift':
      return { name, params: draw((rng) => sampleTimeShift(rng, options)) };
    case 'frequencyShift':
      return { name, params: draw((rng) => sampleFrequencyShift(rng, options)) };
    case 'randomResizedCrop':
      return { name, params: draw((rng) => sampleRandomResizedCrop(rng, options, size)) };
    case 'timeReversal':
      return { name, params: draw((rng) => sampleTimeReversal(rng, options)) };
    case 'compander':
      return { name, params: draw((rng) => sampleCompander(rng, options)) };
    case 'specAugment':
      return { name, fill: options.fill, params: draw((rng) => sampleSpecAugment(rng, options, size)) };
    case 'gaussianNoise':
      return { name, params: draw((rng) => sampleGaussianNoise(rng, options)) };
    case 'gaussianBlur':
      return { name, params: draw((rng) => sampleGaussianBlur(rng, options)) };
    case 'module':
      return { name, module: options, params: draw((rng) => sampleModuleView(rng, options, size)) };
  }
}

/** The plan of a batch that holds the batches of `plans` one after the other, so that both views of a step take one pass. */
export function joinViewPlans(plans: readonly ViewPlan[]): ViewPlan {
  const [first] = plans;
  return {
    steps: first.steps.map((step, i) => {
      // Plans of the same list have the same step at the same place, so the parameters are of one kind.
      const params = plans.flatMap((plan): unknown[] => plan.steps[i].params);
      return { ...step, params } as ViewStep;
    }),
  };
}
