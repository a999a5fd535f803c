import { z } from 'zod';
import { crnn } from './crnn.js';
import type { Encoder } from './encoder.js';
import { type InputViewName, inputViewBands, inputViewNames } from './inputViews.js';
import { logMelStatistics } from './logMelStatistics.js';
import { moduleEncoder, moduleEncoderOptions } from './moduleEncoder.js';
import { poolingOption } from './pooling.js';
import { isWidth, type Resnet18Options, resnet18, widthRule } from './resnet18.js';
import { supCnn } from './supCnn.js';
import { twoView } from './twoView.js';
import { vgg } from './vgg.js';

const networkNames = ['resnet18', 'vgg', 'crnn', 'supCnn'] as const;

const resnet = z.strictObject({
  name: z.literal('resnet18').default('resnet18').describe('11.2 million values, h of 512 at the default width and pooling'),
  width: z
    .number()
    .refine(isWidth, { error: ({ input }) => `${widthRule.replace('width ', '')}, got ${input}` })
    .default(64)
    .meta({ type: 'integer', minimum: 16, maximum: 128, multipleOf: 16 })
    .describe('channels of the first stage; h has 8 times as many. 32: a quarter of the values'),
  pooling: poolingOption.default('mean'),
});

const oneView = z.strictObject({
  name: z
    .enum(['vgg', 'crnn', 'supCnn', 'logMelStatistics'])
    .describe(
      'vgg (0.28 million values, h of 512), crnn (0.95 million, h of 64), supCnn (0.53 million, h of 64: the network of the supervised authors), or logMelStatistics (no weights: the baseline that trained encoders must beat)',
    ),
});

const inputViewOption = z.enum(inputViewNames);
const twoViews = z.strictObject({
  name: z.literal('twoView').describe('an encoder a view of the patch, h of both joined; for method.name cmc'),
  each: z.enum(networkNames).default('resnet18').describe('the network of each view, with weights of its own'),
  views: z
    .tuple([inputViewOption, inputViewOption])
    .default(['lowMel', 'highMel'])
    .describe(
      'what each of the two sees of a log-mel patch: logMel = all, lowMel and highMel = half of the bands, deltas = its slope over time, mfcc = its cepstrum',
    ),
});

/** Which network embeds the patches. */
export const encoderOptions = z
  .discriminatedUnion('name', [resnet, oneView, twoViews, moduleEncoderOptions])
  .describe('the network from log-mel patches to embeddings h');
export type EncoderOptions = z.infer<typeof encoderOptions>;
type GivenOptions = Exclude<EncoderOptions, { name: 'resnet18' }> | ({ name: 'resnet18' } & Resnet18Options);

/**
 * @param nMels mel bands of the patches; the weights of crnn and supCnn depend on it
 * @param patchFrames frames of the patches; the weights of supCnn depend on it
 *
 * @example
 * ```ts
 * import { createEncoder } from 'audiossl';
 * createEncoder({ name: 'resnet18', width: 32 }).embeddingSize; // => 256
 * ```
 */
export function createEncoder(options: GivenOptions, { nMels = 96, patchFrames }: { nMels?: number; patchFrames?: number } = {}): Encoder {
  switch (options.name) {
    case 'resnet18':
      return resnet18(options);
    case 'vgg':
      return vgg();
    case 'crnn':
      return crnn({ nMels });
    case 'supCnn':
      return supCnn({ nMels, patchFrames });
    case 'logMelStatistics':
      return logMelStatistics({ nMels });
    case 'module':
      return moduleEncoder(options, { nMels, patchFrames });
    case 'twoView': {
      const { each, views } = options;
      const createPart = (view: InputViewName) => createEncoder({ name: each }, { nMels: inputViewBands(view, nMels), patchFrames });
      return twoView({ views, createPart });
    }
  }
}
