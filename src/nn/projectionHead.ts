import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { addBatchNorm, addLinear, batchNormRelu, type ForwardOptions, linear } from './layers.js';
import { createInitialiser, type Parameters } from './parameters.js';

/** The head's own sizes; its input is the encoder's embedding. */
export const projectionHeadOptions = z
  .strictObject({
    hiddenSize: z.int().min(1).max(65_536).default(512).describe('width of the hidden layer'),
    outputSize: z.int().min(1).max(65_536).default(512).describe('length of the projection z'),
  })
  .describe('network from the embedding h to the projection z that the contrastive loss sees; not used after pre-training');
export type ProjectionHeadOptions = z.infer<typeof projectionHeadOptions>;

/** A network from embeddings to something else: projections, or scores of classes. */
export interface Head {
  inputSize: number;
  outputSize: number;
  /** Fresh weights; equal seeds give equal weights. The caller disposes of them. */
  createParameters(rng: { seed: number }): Parameters;
  /** `[batch, inputSize]` -> `[batch, outputSize]` */
  forward(parameters: Parameters, h: tf.Tensor2D, options: ForwardOptions): tf.Tensor2D;
}

/**
 * Linear, batch norm, ReLU, linear (Chen et al. 2020, with the authors' batch norm). Names as in a torch Sequential: `0.` linear,
 * `1.` batch norm, `3.` linear. Returns raw z; losses and evaluation normalise. 526,336 trainable values at 512-512-512.
 */
export function projectionHead(options: { inputSize: number } & Partial<ProjectionHeadOptions>): Head {
  const { inputSize, hiddenSize = 512, outputSize = 512 } = options;
  return {
    inputSize,
    outputSize,
    createParameters({ seed }) {
      const initialiser = createInitialiser('projectionHead', seed);
      addLinear(initialiser, '0.', [inputSize, hiddenSize]);
      addBatchNorm(initialiser, '1.', hiddenSize);
      addLinear(initialiser, '3.', [hiddenSize, outputSize]);
      return initialiser.parameters;
    },
    forward: (parameters, h, forwardOptions) =>
      tf.tidy(() => linear(parameters, '3.', batchNormRelu(parameters, '1.', linear(parameters, '0.', h), forwardOptions))),
  };
}

/** One linear layer from embeddings to scores of classes (logits); names `weight`, `bias`. */
export function classifier({ inputSize, numClasses }: { inputSize: number; numClasses: number }): Head {
  return {
    inputSize,
    outputSize: numClasses,
    createParameters({ seed }) {
      const initialiser = createInitialiser('classifier', seed);
      addLinear(initialiser, '', [inputSize, numClasses]);
      return initialiser.parameters;
    },
    forward: (parameters, h) => tf.tidy(() => linear(parameters, '', h)),
  };
}
