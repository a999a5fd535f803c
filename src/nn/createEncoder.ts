import { z } from 'zod';
import { crnn } from './crnn.js';
import type { Encoder } from './encoder.js';
import { resnet18 } from './resnet18.js';
import { vgg } from './vgg.js';

/** Which network embeds the patches. */
export const encoderOptions = z
  .strictObject({
    name: z
      .enum(['resnet18', 'vgg', 'crnn'])
      .default('resnet18')
      .describe('resnet18 (11.2 million values, h of 512), vgg (0.28 million, h of 512) or crnn (0.95 million, h of 64)'),
  })
  .describe('the network from log-mel patches to embeddings h');
export type EncoderOptions = z.infer<typeof encoderOptions>;

/** @param nMels mel bands of the patches; only the crnn's weights depend on it */
export function createEncoder({ name }: EncoderOptions, { nMels = 96 }: { nMels?: number } = {}): Encoder {
  switch (name) {
    case 'resnet18':
      return resnet18();
    case 'vgg':
      return vgg();
    case 'crnn':
      return crnn({ nMels });
  }
}
