import { z } from 'zod';

/** Variants of cross-entropy that wrong labels harm less. The defaults are icassp19's. */
export const robustOptions = z
  .discriminatedUnion('name', [
    z.strictObject({
      name: z.literal('lq').describe('generalised cross-entropy (1 - p^q) / q'),
      q: z.number().gt(0).max(1).default(0.7).describe('towards 0: cross-entropy; 1: mean absolute error'),
    }),
    z.strictObject({
      name: z.literal('softBootstrap').describe("cross-entropy against labels mixed with the network's own probabilities"),
      beta: z.number().min(0).max(1).default(0.3).describe('share of the label in the mixture'),
    }),
    z.strictObject({
      name: z.literal('maxThreshold').describe("leaves out patches whose loss exceeds a share of the batch's largest"),
      share: z.number().min(0).max(1).default(0.6).describe('of the largest loss of the batch'),
    }),
    z.strictObject({
      name: z.literal('outlier').describe("leaves out patches whose loss is far above the batch's median"),
      deviations: z.number().min(0).default(1.9).describe('standard deviations above the median from which a patch is left out'),
    }),
  ])
  .describe('for noisy labels: what takes the place of plain cross-entropy in training');
export type RobustOptions = z.infer<typeof robustOptions>;

/** Whether a variant leaves whole rows out. */
export function leavesOutRows(robust: RobustOptions | null): boolean {
  return robust?.name === 'maxThreshold' || robust?.name === 'outlier';
}
