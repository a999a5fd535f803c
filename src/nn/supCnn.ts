import * as tf from '@tensorflow/tfjs-core';
import { dropout } from '../ops/dropout.js';
import { maxPool2d } from '../ops/maxPool2d.js';
import { AudiosslError } from '../util/errors.js';
import type { Encoder, EncoderOutput } from './encoder.js';
import { addBatchNorm, addConvBias, addLinear, batchNormRelu, convBias, type ForwardOptions, linear, runStages } from './layers.js';
import { createInitialiser, type Parameters } from './parameters.js';

const embeddingSize = 64;
const pooledSize = 48;
const dropoutRate = 0.5;
/** Window of the two maxima, `[time, mel]`. */
const pool: [number, number] = [4, 2];

/**
 * The convolutional network of the supervised authors (Fonseca et al. 2019, icassp19): batch norm and ReLU before each of three 5 x 5
 * convolutions with bias (24, 48, 48 channels) and after the last, a maximum over (4, 2) behind the first two, then dropout 0.5, a linear
 * layer to 64 values and ReLU. h is these 64 values, "right before the linear layer" that classifies; between h and that layer there is
 * dropout 0.5 again (`classifierDropout`). `pooled` is the maximum over time and mel of the last convolution's output, 48 values, before
 * its batch norm: where the authors' code applies the margin.
 *
 * 531,238 trainable values with 20 classes on top, at patches of 100 frames and 96 bands. Names `conv1.` to `conv3.`, `bn1.` to `bn6.` in
 * the order of use, `fc.`, whose inputs stand in PyTorch's order of flattening (channel, time, mel).
 *
 * @example
 * ```ts
 * import { supCnn, tf } from 'audiossl';
 * const encoder = supCnn({ patchFrames: 100, nMels: 96 });
 * const parameters = encoder.createParameters({ seed: 0 });
 * encoder.forward(parameters, tf.zeros([2, 100, 96]), { isTraining: false }).shape; // => [2, 64]
 * ```
 */
export function supCnn({ patchFrames = 100, nMels = 96 }: { patchFrames?: number; nMels?: number } = {}): Encoder {
  const [time, mel] = [patchFrames, nMels].map((size, axis) => Math.floor(Math.floor(size / pool[axis]) / pool[axis]));
  if (time * mel === 0) {
    throw new AudiosslError(`supCnn: patches must have 16 frames and 4 mel bands or more, got ${patchFrames} and ${nMels}`);
  }

  function forwardWithPooled(parameters: Parameters, views: tf.Tensor3D, options: ForwardOptions): EncoderOutput {
    if (views.shape[1] !== patchFrames || views.shape[2] !== nMels) {
      throw new AudiosslError(`supCnn: patches must have ${patchFrames} frames and ${nMels} mel bands, got [${views.shape}]`);
    }
    const norm = (i: number) => (x: tf.Tensor4D) => batchNormRelu(parameters, `bn${i}.`, x, options);
    const conv = (i: number) => (x: tf.Tensor4D) => convBias(parameters, `conv${i}.`, x, { padding: 2 });
    const max = (x: tf.Tensor4D) => maxPool2d(x, { size: pool });
    const key = options.isTraining ? options.dropout : undefined;
    const [h, pooled] = tf.tidy(() => {
      const stages = [norm(1), conv(1), norm(2), max, norm(3), conv(2), norm(4), max, norm(5), conv(3)];
      const x1 = runStages(tf.expandDims<tf.Tensor4D>(views, 3), stages); // [batch, time / 16, mel / 4, 48]
      const features = tf.transpose(norm(6)(x1), [0, 3, 1, 2]);
      const flat = tf.reshape(features, [views.shape[0], pooledSize * time * mel]) as tf.Tensor2D;
      const dropped = key === undefined ? flat : dropout(flat, { rate: dropoutRate, layer: 'flat', key });
      return [tf.relu(linear(parameters, 'fc.', dropped)), tf.max<tf.Tensor2D>(x1, [1, 2])];
    });
    return { h, pooled };
  }

  return {
    name: 'supCnn',
    embeddingSize,
    pooledSize,
    classifierDropout: dropoutRate,
    createParameters({ seed }) {
      const initialiser = createInitialiser('encoder', seed);
      for (const [i, channels] of [1, 24, 24, 48, 48, 48].entries()) addBatchNorm(initialiser, `bn${i + 1}.`, channels);
      for (const [i, [inputs, outputs]] of [
        [1, 24],
        [24, 48],
        [48, 48],
      ].entries()) {
        addConvBias(initialiser, `conv${i + 1}.`, [5, inputs, outputs]);
      }
      addLinear(initialiser, 'fc.', [pooledSize * time * mel, embeddingSize]);
      return initialiser.parameters;
    },
    forward: (parameters, views, options) => tf.tidy(() => forwardWithPooled(parameters, views, options).h),
    forwardWithPooled,
  };
}
