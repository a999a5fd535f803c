import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Encoder } from './encoder.js';
import { addBatchNorm, addLinear, batchNormRelu, type ForwardOptions, linear } from './layers.js';
import { createInitialiser, type Parameters } from './parameters.js';
import { joinParts, type PartName, partNames, partOf } from './parts.js';

/** The head's own sizes; its input is the encoder's embedding. */
export const projectionHeadOptions = z
  .strictObject({
    numLayers: z
      .int()
      .min(1)
      .max(8)
      .default(2)
      .describe('linear layers, batch norm and ReLU between each two: 1 = linear, 2 as SimCLR, 3 as SimCLR v2'),
    hiddenSize: z.int().min(1).max(65_536).default(512).describe('width of every layer but the last; without meaning where there is one'),
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
 * Linear, batch norm, ReLU, linear (Chen et al. 2020, with the authors' batch norm); `numLayers` linear layers with batch norm and ReLU
 * between each two, so that 3 is the depth of SimCLR v2 (Chen et al. 2020, "Big Self-Supervised Models"; without its batch norm on z).
 * Names as in a torch Sequential: `0.` linear, `1.` batch norm, `3.` linear, `4.` batch norm, `6.` linear ... Returns raw z; losses and
 * evaluation normalise. 526,336 trainable values at 512-512-512.
 *
 * @example
 * ```ts
 * import { projectionHead, tf } from 'audiossl';
 * const head = projectionHead({ inputSize: 512, outputSize: 128 });
 * head.forward(head.createParameters({ seed: 0 }), tf.zeros([4, 512]), { isTraining: false }).shape; // => [4, 128]
 * ```
 */
export function projectionHead(
  options: {
    inputSize: number;
    /** Names the streams of the initial weights, so that those of two heads differ. */
    network?: string;
  } & Partial<ProjectionHeadOptions>,
): Head {
  const { inputSize, numLayers = 2, hiddenSize = 512, outputSize = 512, network = 'projectionHead' } = options;
  const hiddenLayers = Array.from({ length: numLayers - 1 }, (_, i) => ({ linear: `${3 * i}.`, norm: `${3 * i + 1}.` }));
  const last = `${3 * hiddenLayers.length}.`;
  return {
    inputSize,
    outputSize,
    createParameters({ seed }) {
      const initialiser = createInitialiser(network, seed);
      let size = inputSize;
      for (const { linear, norm } of hiddenLayers) {
        addLinear(initialiser, linear, [size, hiddenSize]);
        addBatchNorm(initialiser, norm, hiddenSize);
        size = hiddenSize;
      }
      addLinear(initialiser, last, [size, outputSize]);
      return initialiser.parameters;
    },
    forward: (parameters, h, forwardOptions) =>
      tf.tidy(() => {
        const hidden = hiddenLayers.reduce(
          (x, paths) => batchNormRelu(parameters, paths.norm, linear(parameters, paths.linear, x), forwardOptions),
          h,
        );
        return linear(parameters, last, hidden);
      }),
  };
}

/**
 * The projection head of an encoder. One of several views gets a head a view, each on its own part of h; z is their projections joined, in
 * the order of the views. Names `first.` and `second.` before those of `projectionHead`.
 */
export function projectionHeadOf(
  { embeddingSize, partSizes }: Pick<Encoder, 'embeddingSize' | 'partSizes'>,
  options: Partial<ProjectionHeadOptions> = {},
): Head {
  if (partSizes === undefined) return projectionHead({ inputSize: embeddingSize, ...options });
  const [first, second] = partSizes.map((inputSize) => projectionHead({ inputSize, ...options }));
  const heads = { first, second };
  return {
    inputSize: embeddingSize,
    outputSize: first.outputSize + second.outputSize,
    createParameters: ({ seed }) => joinParts((part, rng) => heads[part].createParameters(rng), seed),
    forward: (parameters, h, forwardOptions) =>
      tf.tidy(() => {
        const parts = tf.split<tf.Tensor2D>(h, [...partSizes], 1);
        const project = (part: PartName, i: number) => heads[part].forward(partOf(parameters, part), parts[i], forwardOptions);
        return tf.concat(partNames.map(project), 1);
      }),
  };
}

/**
 * One linear layer from embeddings to scores of classes (logits); names `weight`, `bias`.
 *
 * @example
 * ```ts
 * import { classifier, tf } from 'audiossl';
 * const head = classifier({ inputSize: 512, numClasses: 10 });
 * head.forward(head.createParameters({ seed: 0 }), tf.zeros([4, 512]), { isTraining: false }).shape; // => [4, 10]
 * ```
 */
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
