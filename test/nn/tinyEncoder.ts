import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from '../../src/nn/encoder.js';
import { addBatchNorm, addConvKaiming, convNormTwice } from '../../src/nn/layers.js';
import { createInitialiser } from '../../src/nn/parameters.js';
import { globalAveragePool } from '../../src/ops/globalAveragePool.js';

/** Two convolutions with batch norm, of a few hundred values: for what does not ask which network it is, on backends that take seconds a step. */
export function tinyEncoder(): Encoder {
  const paths = [1, 2].map((i) => ({ conv: `conv${i}.`, norm: `bn${i}.` })) as Parameters<typeof convNormTwice>[1];
  return {
    name: 'tiny',
    embeddingSize: 8,
    createParameters({ seed }) {
      const initialiser = createInitialiser('encoder', seed);
      addConvKaiming(initialiser, 'conv1.', [3, 1, 4]);
      addBatchNorm(initialiser, 'bn1.', 4);
      addConvKaiming(initialiser, 'conv2.', [3, 4, 8]);
      addBatchNorm(initialiser, 'bn2.', 8);
      return initialiser.parameters;
    },
    forward(parameters, views, options) {
      const stride = { ...options, stride: 2, padding: 1 };
      const layers = [
        { ...stride, hasInputGradient: false },
        { ...stride, relu: true },
      ] as const;
      return tf.tidy(() => globalAveragePool(convNormTwice(parameters, paths, tf.expandDims<tf.Tensor4D>(views, 3), ...layers)));
    },
  };
}
