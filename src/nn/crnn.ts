import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import type { Encoder } from './encoder.js';
import { addGru, gruLastState } from './gru.js';
import { addBatchNorm, addConvUniform, convNormPool, runStagesInParts } from './layers.js';
import { createInitialiser } from './parameters.js';

const channels = 128;
const hiddenSize = 64;
const pools: [number, number][] = [
  [2, 5],
  [2, 4],
  [2, 2],
];

/** Mel bands left after the pools: 96 -> 19 -> 4 -> 2. */
function melsLeft(nMels: number): number {
  return pools.reduce((mels, [, size]) => Math.floor(mels / size), nMels);
}

/**
 * Convolutional recurrent encoder (Fonseca et al. 2021): three times 5 x 5 convolution, batch norm, ReLU and a maximum over (2, 5), (2, 4),
 * (2, 2), then a bidirectional GRU over time; h is the product of both directions' outputs at the last step, 64 values. As in the authors'
 * code the backward direction has then seen the last step only. 946,816 trainable values at 96 mel bands (948,116 with 20 classes on top).
 * Names `conv1.` to `conv3.`, `bn1.` to `bn3.`, `gru.`.
 *
 * @example
 * ```ts
 * import { crnn, tf } from 'audiossl';
 * const encoder = crnn({ nMels: 96 });
 * const parameters = encoder.createParameters({ seed: 0 });
 * encoder.forward(parameters, tf.zeros([2, 101, 96]), { isTraining: false }).shape; // => [2, 64]
 * ```
 */
export function crnn({ nMels = 96 }: { nMels?: number } = {}): Encoder {
  const gruInputs = melsLeft(nMels) * channels;
  if (gruInputs === 0) throw new AudiosslError(`crnn: needs 40 mel bands or more, got ${nMels}`);
  return {
    name: 'crnn',
    embeddingSize: hiddenSize,
    createParameters({ seed }) {
      const initialiser = createInitialiser('encoder', seed);
      for (const i of [1, 2, 3]) {
        addConvUniform(initialiser, `conv${i}.`, [5, i === 1 ? 1 : channels, channels]);
        addBatchNorm(initialiser, `bn${i}.`, channels);
      }
      addGru(initialiser, 'gru.', '', [gruInputs, hiddenSize]);
      addGru(initialiser, 'gru.', '_reverse', [gruInputs, hiddenSize]);
      return initialiser.parameters;
    },
    forward: (parameters, views, options) =>
      tf.tidy(() => {
        if (views.shape[1] < 8 || melsLeft(views.shape[2]) * channels !== gruInputs) {
          throw new AudiosslError(`crnn: patches must have 8 frames or more and ${nMels} mel bands, got [${views.shape}]`);
        }
        const stages = pools.map((size, i) => (x: tf.Tensor4D) => {
          const names = { conv: `conv${i + 1}.`, norm: `bn${i + 1}.` };
          return convNormPool(parameters, names, x, { ...options, padding: 2, hasInputGradient: i > 0 }, { size });
        });
        const features = runStagesInParts(tf.expandDims<tf.Tensor4D>(views, 3), stages, options);
        // [batch, time / 8, mels left, 128] -> [batch, time / 8, mels left x 128]: mel-major, then channel
        const [batch, steps] = features.shape;
        const sequence = tf.reshape(features, [batch, steps, gruInputs]) as tf.Tensor3D;
        const last = tf.slice(sequence, [0, steps - 1, 0], [batch, 1, gruInputs]);
        return tf.mul(gruLastState(parameters, 'gru.', '', sequence), gruLastState(parameters, 'gru.', '_reverse', last));
      }),
  };
}
