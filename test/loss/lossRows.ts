import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { contrastiveLosses } from '../../src/loss/contrastiveLosses.js';
import type { ContrastiveLoss } from '../../src/loss/defineLoss.js';
import { scatter } from '../ops/numeric.js';
import type { Rows } from './oracles.js';

/** The rows of the reference's golden values, to be normalised. */
export const Z: Rows = [
  [1, 0.2, -0.3],
  [0.1, 1, 0.4],
  [0.9, 0.4, -0.1],
  [-0.2, 0.8, 0.7],
];

export const toRows = (flat: readonly number[], dim: number): Rows =>
  Array.from({ length: flat.length / dim }, (_, i) => flat.slice(i * dim, (i + 1) * dim));

export const randomRows = (rows: number, dim: number, key: number): Rows => toRows(scatter(rows * dim, key, 1), dim);

/** Value and gradient of a loss by all rows; checks that nothing leaks. */
export function lossOf(loss: (x: tf.Tensor2D) => tf.Scalar, rows: Rows): { value: number; gradient: number[] } {
  const before = tf.memory().numTensors;
  const result = tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss(x as tf.Tensor2D))(tf.tensor2d(rows));
    return { value: value.dataSync()[0], gradient: [...grad.dataSync()] };
  });
  expect(tf.memory().numTensors).toBe(before);
  return result;
}

export const int32 = (values: readonly number[]): tf.Tensor1D => tf.tensor1d([...values], 'int32');

/** `contrastiveLosses[name]` and its options with defaults. */
export function lossNamed(name: keyof typeof contrastiveLosses, options: object = {}) {
  const loss: ContrastiveLoss = contrastiveLosses[name];
  return { loss, options: loss.options.parse({ name, ...options }) };
}
