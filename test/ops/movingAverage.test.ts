import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { movingAverage } from '../../src/ops/movingAverage.js';
import { hasNativeKernel } from '../../src/ops/nativeKernel.js';
import { availableBackends } from '../support/backends.js';
import { scatter } from './numeric.js';

const shapes = [[7], [3, 3, 2, 5], [40_000], []];

describe.each(availableBackends)('movingAverage on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('is momentum times the average plus the rest of the value, in one pass and in place', () => {
    expect(hasNativeKernel('AudiosslMovingAverage')).toBe(backend !== 'cpu');
    for (const momentum of [0, 0.99, 1]) {
      const values = shapes.map((shape, i) => scatter(tf.util.sizeFromShape(shape), 2 * i, 2).map(Math.fround));
      const averages = shapes.map((shape, i) => scatter(tf.util.sizeFromShape(shape), 2 * i + 1, 2).map(Math.fround));
      const entries = shapes.map((shape, i) => ({
        average: tf.tidy(() => tf.variable(tf.tensor(averages[i], shape), false)),
        value: tf.tensor(values[i], shape),
      }));
      const { numTensors } = tf.memory();
      movingAverage(entries, momentum);
      expect(tf.memory().numTensors).toBe(numTensors);
      for (const [i, { average, value }] of entries.entries()) {
        const expected = averages[i].map((old, k) => momentum * old + (1 - momentum) * values[i][k]);
        // A product and a sum in float32.
        expect(average.dataSync()).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-7 });
        expect([...value.dataSync()]).toEqual([...values[i]]);
        tf.dispose([average, value]);
      }
    }
  });

  it('takes values whose memory is ordered otherwise, and convolutions see the new average', () => {
    const filter = tf.tidy(() => tf.variable(tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2])));
    const convolved = (size: number, by: tf.Variable) =>
      tf.tidy(() => tf.conv2d(tf.ones<tf.Rank.R4>([1, size, size, 2]), by as tf.Tensor4D, 1, 'valid'));
    convolved(2, filter).dispose(); // libtorch now orders it [out, in]
    const average = tf.tidy(() => tf.variable(tf.tensor4d([10, 20, 30, 40], [1, 1, 2, 2]), false));
    movingAverage([{ average, value: filter }], 0.5);
    expect(average.dataSync()).toBeAllClose([5.5, 11, 16.5, 22], { rtol: 1e-6 });
    // A packed filter must be forgotten: the convolution sees the new average.
    const seen = convolved(1, average);
    expect(seen.dataSync()).toBeAllClose([5.5 + 16.5, 11 + 22], { rtol: 1e-6 });
    movingAverage([{ average, value: filter }], 0);
    const again = convolved(1, average);
    expect(again.dataSync()).toBeAllClose([1 + 3, 2 + 4], { rtol: 1e-6 });
    tf.dispose([filter, average, seen, again]);
  });
});
