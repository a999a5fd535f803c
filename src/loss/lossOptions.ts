import { z } from 'zod';
import { contrastiveLosses } from './contrastiveLosses.js';
import type { ContrastiveLoss } from './defineLoss.js';
import { moduleLossOptions } from './moduleLoss.js';
import { robustOptions } from './robustOptions.js';

const marginRadians = z.number().min(0).max(Math.PI).default(0.5).describe('negatives nearer than this angle (radians) are pushed away');
const reduction = z
  .enum(['mean', 'authorsSum'])
  .default('mean')
  .describe("of the margin term: mean = weights times means, whatever the batch size; authorsSum = the authors' sums over `divisor`");
const weight = (value: number, which: string, batch: string) =>
  z.number().min(0).default(value).describe(`of mean: weight of the ${which} pairs; ${value} equals the authors' at ${batch}`);
const divisor = (value: number) => z.number().positive().default(value).describe('of authorsSum: the sums are divided by it');

/** The angular margin term beside NT-Xent, as flat keys of the loss; `angularMargin` holds them for the other losses. */
const marginKeys = {
  contrastiveWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe("the paper's alpha: weight of the contrastive loss; the margin term has 1 minus it"),
  marginRadians,
  marginOn: z
    .enum(['embedding', 'projection'])
    .default('embedding')
    .describe("what the margin term sees: the encoder's output or the head's"),
  reduction,
  positiveWeight: weight(10.24, 'positive', '128 pairs'),
  negativeWeight: weight(2600.96, 'negative', '128 pairs'),
  divisor: divisor(25),
};

/** NT-Xent, with the angular margin term or alone. Defaults: the authors' best setting. */
export const angularContrastiveOptions = z.strictObject({
  name: z
    .enum(['angularContrastive', 'ntXent'])
    .default('angularContrastive')
    .describe(
      'of pretrain: angularContrastive = NT-Xent plus the angular margin term (ACL); ntXent = NT-Xent alone, the other keys but temperature unused',
    ),
  temperature: contrastiveLosses.ntXent.options.shape.temperature,
  ...marginKeys,
});

const angularMargin = z
  .strictObject(marginKeys)
  .nullable()
  .default(null)
  .describe("ACL's angular margin term beside this loss, weighed as contrastiveWeight says; null = off");
export type AngularMarginKeys = z.infer<z.ZodObject<typeof marginKeys>>;

const { ntXent: _, ...others } = contrastiveLosses;
type WithMargin<Loss> =
  Loss extends ContrastiveLoss<infer Name, infer Shape>
    ? z.ZodObject<Shape & { name: z.ZodLiteral<Name>; angularMargin: typeof angularMargin }, z.core.$strict>
    : never;
type OtherOptions = WithMargin<(typeof others)[keyof typeof others]>;
const otherOptions = Object.values(others).map(({ options }) => options.extend({ angularMargin })) as unknown as [OtherOptions];

/** The loss of pre-training: each of contrastiveLosses.ts, by its name. */
export const contrastiveLossOptions = z.discriminatedUnion('name', [angularContrastiveOptions, ...otherOptions, moduleLossOptions]);
export type ContrastiveLossOptions = z.infer<typeof contrastiveLossOptions>;

/** The loss of supervised training. Defaults: the authors' setting for all training clips. */
export const supervisedLossOptions = z.strictObject({
  name: z
    .literal('crossEntropyMargin')
    .default('crossEntropyMargin')
    .describe('of train: cross-entropy plus the angular margin term between clips of one label and of others'),
  crossEntropyWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0.7)
    .describe("the paper's alpha: weight of cross-entropy; the margin term has 1 minus it. The paper takes 0.7 on all clips"),
  marginRadians,
  marginOn: z
    .enum(['auto', 'pooled', 'embedding'])
    .default('auto')
    .describe(
      "what the margin term sees: pooled = the last convolution's maxima, as the authors' code (supCnn only); embedding = h, right before the linear layer, as the paper's text; auto = pooled where the encoder has it, else embedding",
    ),
  reduction,
  positiveWeight: weight(4.032, 'positive', '64 patches of 20 equally frequent classes'),
  negativeWeight: weight(76.608, 'negative', '64 patches of 20 equally frequent classes'),
  divisor: divisor(50),
  robust: robustOptions.nullable().default(null).describe('cross-entropy for labels that may be wrong; null = plain'),
});
export type SupervisedLossOptions = z.infer<typeof supervisedLossOptions>;

/** What training minimises: the config's key `loss`. */
export const lossOptions = z
  .discriminatedUnion('name', [...contrastiveLossOptions.options, supervisedLossOptions])
  .describe('what training minimises; crossEntropyMargin is for train, the others for pretrain');
export type LossOptions = z.infer<typeof lossOptions>;
