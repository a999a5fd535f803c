import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { convBatchNorm } from '../../src/ops/convBatchNorm.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';
import { testWinograd } from './winogradError.js';

// Large enough for Winograd's algorithm: 3 x 3, 64 channels, 64 tiles of 4 x 4. One side is no multiple of 4.
const [batch, height, width, channels] = [8, 12, 11, 64];
const shape: [number, number, number, number] = [batch, height, width, channels];
const filterShape: [number, number, number, number] = [3, 3, channels, channels];

/** Runs over every product x * filter that goes into a y, by index. */
function forEachProduct(visit: (x: number, filter: number, y: number) => void): void {
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        for (let k = 0; k < 9; k++) {
          const [row, column] = [i + Math.floor(k / 3) - 1, j + (k % 3) - 1];
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          const [to, from] = [((n * height + i) * width + j) * channels, ((n * height + row) * width + column) * channels];
          for (let c = 0; c < channels; c++) {
            for (let o = 0; o < channels; o++) visit(from + c, (k * channels + c) * channels + o, to + o);
          }
        }
      }
    }
  }
}

describe.skipIf(!availableBackends.includes('libtorch'))(
  '3 x 3 convolutions of many channels on libtorch (skipped where the addon is not built)',
  () => {
    beforeAll(async () => {
      await setBackend({ backend: 'libtorch' });
    });
    const x = scatter(batch * height * width * channels, 1, 1);
    const filter = scatter(9 * channels * channels, 2, 1);
    const dy = scatter(x.length, 3, 1);
    const y = new Float64Array(x.length);
    const dx = new Float64Array(x.length);
    const dFilter = new Float64Array(filter.length);
    forEachProduct((a, b, c) => {
      y[c] += x[a] * filter[b];
      dx[a] += dy[c] * filter[b];
      dFilter[b] += dy[c] * x[a];
    });
    // Values are sums of 576 (a filter gradient: 1,056) products of size 1/3, about 8 (11). The transforms multiply by up to 5 and divide
    // by up to 24, so single values lose a few bits more than a plain sum's 1e-6.
    const atol = 1e-4;

    it('equal the loops, values and both gradients', () => {
      const inputs = [tf.tensor4d(x, shape), tf.tensor4d(filter, filterShape)];
      const f = (a: tf.Tensor, b: tf.Tensor) => conv2d(a as tf.Tensor4D, b as tf.Tensor4D, { padding: 1 });
      const gradients = tf.grads(f)(inputs, tf.tensor4d(dy, shape));
      expect(f(inputs[0], inputs[1]).dataSync()).toBeAllClose(y, { atol });
      expect(gradients[0].dataSync()).toBeAllClose(dx, { atol });
      expect(gradients[1].dataSync()).toBeAllClose(dFilter, { atol });
    });

    it.each([
      { relu: false, hasResidual: false },
      { relu: true, hasResidual: false },
      { relu: true, hasResidual: true },
    ])('equal the loops in evaluation, batch norm folded in: %o', ({ relu, hasResidual }) => {
      const [gamma, beta, mean, deviation] = [4, 5, 6, 7].map((key) => scatter(channels, key, 0.3).map((v) => v + 1));
      const norm = {
        gamma: tf.variable(tf.tensor1d(gamma)),
        beta: tf.variable(tf.tensor1d(beta)),
        runningMean: tf.variable(tf.tensor1d(mean), false),
        runningVariance: tf.variable(tf.tensor1d(deviation.map((v) => v * v)), false),
      };
      const options = { isTraining: false, padding: 1, epsilon: 0, relu, residual: hasResidual ? tf.tensor4d(dy, shape) : undefined };
      const result = convBatchNorm(tf.tensor4d(x, shape), tf.tensor4d(filter, filterShape), norm, options).dataSync();
      const expected = y.map((value, i) => {
        const c = i % channels;
        const sum = ((value - mean[c]) / deviation[c]) * gamma[c] + beta[c] + (hasResidual ? dy[i] : 0);
        return relu ? Math.max(sum, 0) : sum;
      });
      expect(result).toBeAllClose(expected, { atol });
    });
    // The loops are ours whatever the libtorch: whole batches once.
    testWinograd({ largest: process.env.AUDIOSSL_ADDON === undefined, threads: [2, 3, 5] });
  },
);
