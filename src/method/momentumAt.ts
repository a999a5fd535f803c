import { z } from 'zod';

const description = (paper: string) =>
  `share of the momentum encoder that is kept at an update, 0 to 1: 0 = the encoder itself, 1 = never moves; ${paper}`;

/** Keys of a method with a momentum encoder. */
export function momentumOptions({ momentum, schedule, paper }: { momentum: number; schedule: 'constant' | 'cosine'; paper: string }) {
  return {
    momentum: z.number().min(0).max(1).default(momentum).describe(description(paper)),
    momentumSchedule: z
      .enum(['constant', 'cosine'])
      .default(schedule)
      .describe('constant, or cosine: from `momentum` at the start up to 1 at the end of the run, by half a cosine'),
  };
}
export type MomentumOptions = z.infer<z.ZodObject<ReturnType<typeof momentumOptions>>>;

/**
 * The momentum at one moment of a run; BYOL's schedule (Grill et al. 2020, section 3.2) and MoCo v3's:
 * `1 - (1 - momentum) (cos(pi progress) + 1) / 2`.
 * @param progress share of the run's steps that are done, 0 to 1
 */
export function momentumAt({ momentum, momentumSchedule }: MomentumOptions, progress: number): number {
  return momentumSchedule === 'constant' ? momentum : 1 - ((1 - momentum) * (Math.cos(Math.PI * progress) + 1)) / 2;
}
