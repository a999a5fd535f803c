import { z } from 'zod';

/** The loss of pre-training. Defaults: the authors' best released setting. */
export const lossOptions = z
  .strictObject({
    name: z
      .enum(['angularContrastive', 'ntXent'])
      .default('angularContrastive')
      .describe(
        'angularContrastive = NT-Xent plus the angular margin term (ACL); ntXent = NT-Xent alone, the other keys but temperature unused',
      ),
    temperature: z.number().positive().default(0.2).describe('of NT-Xent: cosines are divided by it'),
    contrastiveWeight: z
      .number()
      .min(0)
      .max(1)
      .default(0.3)
      .describe("the paper's alpha: weight of NT-Xent; the margin term has 1 minus it"),
    marginRadians: z.number().min(0).max(Math.PI).default(0.5).describe('negatives nearer than this angle (radians) are pushed away'),
    marginOn: z
      .enum(['embedding', 'projection'])
      .default('embedding')
      .describe("what the margin term sees: the encoder's output or the head's"),
    reduction: z
      .enum(['mean', 'authorsSum'])
      .default('mean')
      .describe("of the margin term: mean = weights times means, whatever the batch size; authorsSum = the authors' sums over `divisor`"),
    positiveWeight: z
      .number()
      .min(0)
      .default(10.24)
      .describe("of mean: weight of the positive pairs; 10.24 equals the authors' at 128 pairs"),
    negativeWeight: z
      .number()
      .min(0)
      .default(2600.96)
      .describe("of mean: weight of the negative pairs; 2600.96 equals the authors' at 128 pairs"),
    divisor: z.number().positive().default(25).describe('of authorsSum: the sums are divided by it'),
  })
  .describe('what training minimises');
export type LossOptions = z.infer<typeof lossOptions>;
