import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from './encoder.js';
import { addBatchNorm, addConvUniform, addLinear, convNorm, convNormPool, linear, runStagesInParts } from './layers.js';
import { createInitialiser } from './parameters.js';

/** Six 3 x 3 convolutions; a 2 x 2 maximum follows the third, fifth and sixth. Numbers of channels in and out. */
const convolutions = [
  { inputs: 1, outputs: 32, isPooled: false },
  { inputs: 32, outputs: 32, isPooled: false },
  { inputs: 32, outputs: 32, isPooled: true },
  { inputs: 32, outputs: 64, isPooled: false },
  { inputs: 64, outputs: 64, isPooled: true },
  { inputs: 64, outputs: 128, isPooled: true },
].map((layer, i) => ({ ...layer, conv: `conv${i + 1}.`, norm: `bn${i + 1}.` }));

/**
 * VGG-like encoder (Fonseca et al. 2021): convolution, batch norm, ReLU six times, then the maximum and the mean over time and mel side by
 * side, and a linear layer with ReLU. 280,032 trainable values at the default size. Names `conv1.` to `conv6.`, `bn1.` to `bn6.`, `fc.`.
 *
 * @example
 * ```ts
 * import { tf, vgg } from 'audiossl';
 * const encoder = vgg();
 * const parameters = encoder.createParameters({ seed: 0 });
 * encoder.forward(parameters, tf.zeros([2, 101, 96]), { isTraining: false }).shape; // => [2, 512]
 * ```
 */
export function vgg({ embeddingSize = 512 }: { embeddingSize?: number } = {}): Encoder {
  return {
    name: 'vgg',
    embeddingSize,
    createParameters({ seed }) {
      const initialiser = createInitialiser('encoder', seed);
      for (const { conv, norm, inputs, outputs } of convolutions) {
        addConvUniform(initialiser, conv, [3, inputs, outputs]);
        addBatchNorm(initialiser, norm, outputs);
      }
      addLinear(initialiser, 'fc.', [256, embeddingSize]);
      return initialiser.parameters;
    },
    forward: (parameters, views, options) =>
      tf.tidy(() => {
        const stages = convolutions.map(({ conv, norm, isPooled }, i) => (x: tf.Tensor4D) => {
          const own = { ...options, padding: 1, hasInputGradient: i > 0 };
          return isPooled
            ? convNormPool(parameters, { conv, norm }, x, own, { size: 2 })
            : convNorm(parameters, { conv, norm }, x, { ...own, relu: true });
        });
        // [batch, time, mel] -> [batch, time / 8, mel / 8, 128] -> [batch, 256] -> [batch, embeddingSize]
        const features = runStagesInParts(tf.expandDims<tf.Tensor4D>(views, 3), stages, options);
        const pooled = tf.concat<tf.Tensor2D>([tf.max(features, [1, 2]), tf.mean(features, [1, 2])], 1);
        return tf.relu(linear(parameters, 'fc.', pooled));
      }),
  };
}
