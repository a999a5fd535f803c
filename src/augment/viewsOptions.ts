import { z } from 'zod';
import { backgroundMixOptions } from './backgroundMix.js';
import { companderOptions } from './compander.js';
import { frequencyShiftOptions } from './frequencyShift.js';
import { gaussianBlurOptions } from './gaussianBlur.js';
import { gaussianNoiseOptions } from './gaussianNoise.js';
import { mixBackOptions } from './mixBack.js';
import { moduleViewOptions } from './moduleView.js';
import { randomResizedCropOptions } from './randomResizedCrop.js';
import { specAugmentOptions } from './specAugment.js';
import { timeReversalOptions } from './timeReversal.js';
import { timeShiftOptions } from './timeShift.js';

/** One augmentation of the list, told apart by its name. */
export const viewOptions = z.discriminatedUnion('name', [
  mixBackOptions,
  backgroundMixOptions,
  timeShiftOptions,
  frequencyShiftOptions,
  randomResizedCropOptions,
  timeReversalOptions,
  companderOptions,
  specAugmentOptions,
  gaussianNoiseOptions,
  gaussianBlurOptions,
  moduleViewOptions,
]);
export type ViewOptions = z.infer<typeof viewOptions>;

/**
 * Applied in the order given. What is not in the list is off. Absent = the pipeline that the authors released.
 *
 * @example
 * ```ts
 * import { viewsOptions } from 'audiossl';
 * viewsOptions.parse(undefined).map(({ name }) => name); // => ['mixBack', 'randomResizedCrop', 'compander', 'gaussianNoise']
 * ```
 */
export const viewsOptions = z
  .array(viewOptions)
  .refine(
    (views) => views.every(({ name }, i) => name !== 'mixBack' || i === 0),
    'mixBack works on raw patches: it must come first, and once',
  )
  .refine(
    (views) => views.every(({ name }, i) => name !== 'backgroundMix' || i === 0 || (i === 1 && views[0].name === 'mixBack')),
    'backgroundMix works on raw patches: it must come first or behind mixBack, and once',
  )
  .prefault([{ name: 'mixBack' }, { name: 'randomResizedCrop' }, { name: 'compander' }, { name: 'gaussianNoise' }])
  .describe('How a patch becomes a view: augmentations in the order in which they are applied');
export type ViewsOptions = z.infer<typeof viewsOptions>;
