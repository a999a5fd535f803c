import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noNumericPadding, useNoNumericPadding } from './noNumericPadding.js';

beforeAll(useNoNumericPadding);
afterAll(() => tf.removeBackend(noNumericPadding));

it("refuses numbers as padding, forward and backward, and takes 'valid', 'same' and tf.pad", () => {
  expect(tf.getBackend()).toBe(noNumericPadding);
  tf.tidy(() => {
    const x = tf.ones<tf.Rank.R4>([1, 5, 5, 1]);
    const filter = tf.ones<tf.Rank.R4>([3, 3, 1, 2]);
    expect(() => tf.conv2d(x, filter, 1, 1)).toThrow('padding was NUMBER');
    expect(() => tf.maxPool(x, 3, 2, 1)).toThrow('padding was NUMBER');
    const explicit = { dy: tf.ones([1, 5, 5, 2]), filter };
    const attrs = { strides: 1, pad: [[0, 0], [1, 1], [1, 1], [0, 0]], dataFormat: 'NHWC', inputShape: x.shape }; // biome-ignore format: one line
    expect(() => tf.engine().runKernel('Conv2DBackpropInput', explicit, attrs)).toThrow('padding was EXPLICIT');
    const padded = (input: tf.Tensor4D) => tf.conv2d(tf.pad(input, [[0, 0], [1, 1], [1, 1], [0, 0]]), filter, 1, 'valid'); // biome-ignore format: one line
    expect(Array.from(padded(x).dataSync())).toEqual(Array.from(tf.conv2d(x, filter, 1, 'same').dataSync()));
    const gradient = tf.grad((input) => tf.sum(padded(input as tf.Tensor4D)))(x);
    // Twice (two filters) the number of windows that see a position: 2 or 3 an axis.
    expect(Array.from(gradient.dataSync()).slice(0, 5)).toEqual([8, 12, 12, 12, 8]);
  });
});
