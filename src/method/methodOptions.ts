import { z } from 'zod';
import { momentumOptions } from './momentumAt.js';

const numViews = z
  .int()
  .min(2)
  .max(8)
  .default(2)
  .describe('views of a clip in a batch; with 3 every anchor has two positives (the positive triplets of TCL)');
const predictorHiddenSize = z
  .int()
  .min(1)
  .max(65_536)
  .default(512)
  .describe("width of the predictor's hidden layer; its output is as long as the projection");

/** How an encoder is trained: the config's key `method`. */
export const methodOptions = z
  .discriminatedUnion('name', [
    z.strictObject({
      name: z
        .literal('simclr')
        .describe('SimCLR (Chen et al. 2020): views of one clip are positives, all other views of the batch negatives'),
      numViews,
    }),
    z.strictObject({
      name: z
        .literal('supervisedContrastive')
        .describe(
          'first of two stages on labels (Khosla et al. 2020): all views of one class are positives; the second, a classifier on the frozen encoder, is evaluate --protocol linear',
        ),
      numViews,
    }),
    z.strictObject({
      name: z.literal('mocoV2').describe('MoCo v2 (Chen et al. 2020): keys of a momentum encoder, negatives from a queue of older keys'),
      ...momentumOptions({ momentum: 0.999, schedule: 'constant', paper: 'the paper takes 0.999' }),
      queueSize: z
        .int()
        .min(1)
        .default(4096)
        .describe('keys in the queue: a multiple of train.batchSize, at most the training clips; the paper takes 65,536 of 1.3 million'),
    }),
    z.strictObject({
      name: z
        .literal('mocoV3')
        .describe('MoCo v3 (Chen et al. 2021): predictor, momentum encoder, both views as queries of the other, negatives from the batch'),
      ...momentumOptions({ momentum: 0.99, schedule: 'cosine', paper: 'the paper takes 0.99' }),
      predictorHiddenSize,
    }),
    z.strictObject({
      name: z.literal('byol').describe('BYOL (Grill et al. 2020): predictor and momentum encoder, no negatives'),
      ...momentumOptions({ momentum: 0.996, schedule: 'cosine', paper: 'the paper takes 0.996' }),
      predictorHiddenSize,
    }),
    z.strictObject({
      name: z
        .literal('memoryBank')
        .describe(
          'instance discrimination (Wu et al. 2018): a memory has a row for every training clip, which its one view a step asks for among noise drawn from all rows',
        ),
      momentum: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe(
          "share of a clip's row that is kept when its step is done, 0 to 1: 0 = the new projection, 1 = never moves; the authors' code takes 0.5",
        ),
      numNoise: z
        .int()
        .min(1)
        .max(65_536)
        .nullable()
        .default(4096)
        .describe(
          'rows drawn for every view of a step, each as likely as any other, again and again; null = every other row once, without drawing; the paper takes 4,096 of 1.3 million',
        ),
    }),
    z.strictObject({
      name: z
        .literal('cmc')
        .describe(
          'contrastive multiview coding (Tian et al. 2020): the two encoders of encoder.name twoView, each telling the other its patch',
        ),
    }),
    z.strictObject({ name: z.literal('supervised').describe('of train: encoder and linear classifier on labels') }),
  ])
  .describe('how the encoder is trained: supervised is for train, the others for pretrain');
export type MethodOptions = z.infer<typeof methodOptions>;
