import { z } from 'zod';
import { plateauOptions } from './plateau.js';

const warmup = {
  warmupEpochs: z.number().min(0).default(0).describe('epochs over which the rate rises in a straight line to its base'),
  warmupFactor: z.number().min(0).max(1).default(0.01).describe('share of the base rate at the start of the warm-up'),
};

/** How the learning rate goes over the epochs; without a name it is multiStep. */
export const scheduleOptions = z
  .discriminatedUnion('name', [
    z.strictObject({
      name: z.literal('multiStep').default('multiStep').describe('times `factor` after each milestone'),
      milestones: z.array(z.number().positive()).default([325, 425]).describe('epochs after which the rate falls'),
      factor: z.number().positive().default(0.1).describe('what the rate is multiplied by at each milestone'),
      ...warmup,
    }),
    z.strictObject({
      name: z.literal('cosine').describe('half a cosine from the end of the warm-up to the last epoch'),
      finalFactor: z.number().min(0).max(1).default(0).describe('share of the base rate at the end'),
      ...warmup,
    }),
    plateauOptions.extend(warmup),
    z.strictObject({ name: z.literal('constant').describe('the base rate throughout'), ...warmup }),
  ])
  .describe('how the learning rate goes over the epochs');
export type ScheduleOptions = z.infer<typeof scheduleOptions>;

export interface SchedulePosition {
  /** Learning rate that the schedule changes. */
  base: number;
  /** Epochs done so far, from 0; fractions are steps within an epoch. */
  epoch: number;
  /** Epochs of the whole run. */
  epochs: number;
  /** Of the schedule plateau: share of the base rate that its state has come to. */
  plateauShare?: number;
}

/**
 * The learning rate at one moment of a run; a pure function; only plateau has a state, which the caller keeps. With milestones [325, 425] the first 325 epochs
 * (`epoch` 0 up to 325) have the base rate, the next 100 a tenth of it.
 *
 * @example
 * ```ts
 * import { learningRateAt, loadConfig } from 'audiossl';
 * const { schedule } = loadConfig({ overrides: ['schedule.name=cosine', 'schedule.warmupEpochs=0'] });
 * learningRateAt(schedule, { base: 0.1, epoch: 50, epochs: 100 }); // => 0.05
 * ```
 */
export function learningRateAt(options: ScheduleOptions, { base, epoch, epochs, plateauShare = 1 }: SchedulePosition): number {
  const { warmupEpochs, warmupFactor } = options;
  if (epoch < warmupEpochs) return base * (warmupFactor + (1 - warmupFactor) * (epoch / warmupEpochs));
  if (options.name === 'constant') return base;
  if (options.name === 'plateau') return base * plateauShare;
  if (options.name === 'multiStep') return base * options.factor ** options.milestones.filter((milestone) => epoch >= milestone).length;
  const progress = epochs > warmupEpochs ? Math.min(1, (epoch - warmupEpochs) / (epochs - warmupEpochs)) : 1;
  return base * (options.finalFactor + ((1 - options.finalFactor) * (1 + Math.cos(Math.PI * progress))) / 2);
}
