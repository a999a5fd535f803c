import { z } from 'zod';
import { crnn } from './crnn.js';
import type { Encoder } from './encoder.js';
import { logMelStatistics } from './logMelStatistics.js';
import { resnet18 } from './resnet18.js';
import { supCnn } from './supCnn.js';
import { vgg } from './vgg.js';

/** Which network embeds the patches. */
export const encoderOptions = z
  .strictObject({
    name: z
      .enum(['resnet18', 'vgg', 'crnn', 'supCnn', 'logMelStatistics'])
      .default('resnet18')
      .describe(
        'resnet18 (11.2 million values, h of 512), vgg (0.28 million, h of 512), crnn (0.95 million, h of 64), supCnn (0.53 million, h of 64: the network of the supervised authors), or logMelStatistics (no weights: the baseline that trained encoders must beat)',
      ),
  })
  .describe('the network from log-mel patches to embeddings h');
export type EncoderOptions = z.infer<typeof encoderOptions>;

/**
 * @param nMels mel bands of the patches; the weights of crnn and supCnn depend on it
 * @param patchFrames frames of the patches; the weights of supCnn depend on it
 */
export function createEncoder(
  { name }: EncoderOptions,
  { nMels = 96, patchFrames }: { nMels?: number; patchFrames?: number } = {},
): Encoder {
  switch (name) {
    case 'resnet18':
      return resnet18();
    case 'vgg':
      return vgg();
    case 'crnn':
      return crnn({ nMels });
    case 'supCnn':
      return supCnn({ nMels, patchFrames });
    case 'logMelStatistics':
      return logMelStatistics({ nMels });
  }
}
