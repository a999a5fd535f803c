import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { batchNorm } from '../../src/ops/batchNorm.js';
import { batchNormInto } from '../../src/ops/batchNormInto.js';
import { conv2dReader } from '../../src/ops/conv2d.js';
import { maxPool2dReader } from '../../src/ops/maxPool2d.js';
import { applyReader, type Reader } from '../../src/ops/reader.js';
import { availableBackends } from '../support/backends.js';
import { scatter } from './numeric.js';

const shape: [number, number, number, number] = [6, 7, 5, 19];
const channels = shape[3];
const random = <R extends tf.Rank>(size: tf.ShapeMap[R], key: number): tf.Tensor<R> =>
  tf.tensor(scatter(tf.util.sizeFromShape(size), key, 1), size);

const readers: { name: string; reader: (filter: tf.Tensor4D) => Reader; filters: number }[] = [
  { name: 'a convolution', reader: (filter) => conv2dReader(filter, { padding: 1 }), filters: 1 },
  { name: 'a pooling', reader: () => maxPool2dReader({ size: 3, stride: 2, padding: 1 }), filters: 0 },
];

describe.each(availableBackends)('batchNormInto on %s', (backend) => {
  beforeAll(async () => {
    await setBackend({ backend });
  });

  /** Value, gradients by x, gamma, beta (and the filter) and running statistics of either way. */
  function results(reader: (filter: tf.Tensor4D) => Reader, filters: number, isFused: boolean, isTraining: boolean): number[][] {
    return tf.tidy(() => {
      const norm = {
        gamma: tf.variable(tf.add(random<tf.Rank.R1>([channels], 2), 1.5)),
        beta: tf.variable(random<tf.Rank.R1>([channels], 3)),
        runningMean: tf.variable(random<tf.Rank.R1>([channels], 4), false),
        runningVariance: tf.variable(tf.add(random<tf.Rank.R1>([channels], 5), 2), false),
      };
      const { gamma, beta, runningMean, runningVariance } = norm;
      const options = { isTraining, groups: 2, epsilon: 1e-5, momentum: 0.1 };
      const f = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, filter: tf.Tensor): tf.Tensor => {
        const images = x as tf.Tensor4D;
        const reads = reader(filter as tf.Tensor4D);
        if (isFused) return batchNormInto(images, { ...norm, gamma: gamma as tf.Variable, beta: beta as tf.Variable }, options, reads);
        const all = { ...options, relu: true };
        return applyReader(batchNorm(images, gamma as tf.Tensor1D, beta as tf.Tensor1D, runningMean, runningVariance, all), reads);
      };
      const inputs: tf.Tensor[] = [
        random<tf.Rank.R4>(shape, 1),
        gamma,
        beta,
        ...(filters ? [random<tf.Rank.R4>([3, 3, channels, 8], 6)] : []),
      ];
      const size: [number, number, number, number] = filters ? [6, 7, 5, 8] : [6, 4, 3, channels];
      const { value, grads } = tf.valueAndGrads(f as (...x: tf.Tensor[]) => tf.Tensor)(inputs, random<tf.Rank.R4>(size, 7));
      const read = [value, ...grads, runningMean, runningVariance].map((tensor) => [...tensor.dataSync()]);
      tf.dispose(Object.values(norm));
      return read;
    });
  }

  it.each(readers)('gives $name what batch norm by itself gives it, and the same gradients', ({ reader, filters }) => {
    for (const isTraining of [true, false]) {
      const [fused, apart] = [true, false].map((isFused) => results(reader, filters, isFused, isTraining));
      expect(fused).toEqual(apart); // the same loops on the same bits
    }
  });
});
