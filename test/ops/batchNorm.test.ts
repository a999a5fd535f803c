import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { batchNorm } from '../../src/ops/batchNorm.js';
import { availableBackends } from '../support/backends.js';
import { numericGradient, scatter } from './numeric.js';

interface Case {
  shape: number[];
  groups: number;
  hasResidual: boolean;
  relu: boolean;
}
const epsilon = 1e-5;
const momentum = 0.1;

/** The definition, one value at a time, in float64. */
function oracle({ shape, groups, relu }: Case, x: number[], gamma: number[], beta: number[], residual?: number[]) {
  const channels = shape[shape.length - 1];
  const rows = x.length / channels / groups;
  const y = new Array<number>(x.length);
  const runningMean = scatter(channels, 21, 0.3);
  const runningVariance = scatter(channels, 22, 0.2).map((v) => 1 + v);
  for (let g = 0; g < groups; g++) {
    for (let c = 0; c < channels; c++) {
      const at = (r: number) => (g * rows + r) * channels + c;
      let mean = 0;
      for (let r = 0; r < rows; r++) mean += x[at(r)] / rows;
      let variance = 0;
      for (let r = 0; r < rows; r++) variance += (x[at(r)] - mean) ** 2 / rows;
      for (let r = 0; r < rows; r++) {
        const value = (gamma[c] * (x[at(r)] - mean)) / Math.sqrt(variance + epsilon) + beta[c] + (residual?.[at(r)] ?? 0);
        y[at(r)] = relu ? Math.max(0, value) : value;
      }
      runningMean[c] = (1 - momentum) * runningMean[c] + momentum * mean;
      runningVariance[c] = (1 - momentum) * runningVariance[c] + (momentum * variance * rows) / (rows - 1);
    }
  }
  return { y, runningMean, runningVariance };
}

const cases: Case[] = [];
for (const shape of [
  [6, 5],
  [4, 3, 2, 3],
]) {
  for (const groups of [1, 2]) {
    for (const hasResidual of [false, true]) for (const relu of [false, true]) cases.push({ shape, groups, hasResidual, relu });
  }
}

describe.each(availableBackends)('batchNorm on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each(cases)('equals the loop oracle: values, running statistics, gradients %o', (testCase) => {
    const { shape, groups, hasResidual, relu } = testCase;
    const size = tf.util.sizeFromShape(shape);
    const channels = shape[shape.length - 1];
    const x = scatter(size, 1, 2).map((v) => v + 0.7);
    const gamma = scatter(channels, 2, 0.5).map((v) => v + 1);
    const beta = scatter(channels, 3, 0.5);
    const residual = hasResidual ? scatter(size, 4, 1) : undefined;
    const dy = scatter(size, 5, 1);
    const expected = oracle(testCase, x, gamma, beta, residual);
    const before = tf.memory();
    tf.tidy(() => {
      const runningMean = tf.variable(tf.tensor1d(scatter(channels, 21, 0.3)), false);
      const runningVariance = tf.variable(tf.tensor1d(scatter(channels, 22, 0.2).map((v) => 1 + v)), false);
      let y: tf.Tensor | undefined;
      const run = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, residual?: tf.Tensor) => {
        const options = { isTraining: true, groups, epsilon, momentum, residual, relu };
        y = batchNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, runningMean, runningVariance, options);
        return tf.keep(tf.clone(y));
      };
      const inputs = [tf.tensor(x, shape), tf.tensor1d(gamma), tf.tensor1d(beta), ...(residual ? [tf.tensor(residual, shape)] : [])];
      const dyTensor = tf.tensor(dy, shape);
      const { value, grads } = tf.valueAndGrads((...args: tf.Tensor[]) => run(args[0], args[1], args[2], args[3]))(inputs, dyTensor);
      // float32 sums of up to 24 values against float64
      expect(value.dataSync()).toBeAllClose(expected.y, { rtol: 1e-5, atol: 1e-5 });
      expect(runningMean.dataSync()).toBeAllClose(expected.runningMean, { rtol: 1e-5, atol: 1e-6 });
      expect(runningVariance.dataSync()).toBeAllClose(expected.runningVariance, { rtol: 1e-5, atol: 1e-6 });
      const parts = [x, gamma, beta, ...(residual ? [residual] : [])];
      const lengths = parts.map((part) => part.length);
      const numeric = numericGradient((values) => {
        const flat = [...values];
        const [x, gamma, beta, residual] = lengths.map((length) => flat.splice(0, length));
        return oracle(testCase, x, gamma, beta, residual).y.reduce((sum, value, i) => sum + value * dy[i], 0);
      }, parts.flat());
      expect(grads.flatMap((grad) => [...grad.dataSync()])).toBeAllClose(numeric, { rtol: 1e-4, atol: 2e-5 });
      expect(dyTensor.isDisposed, 'the caller keeps its dy').toBe(false);
      value.dispose();
      runningMean.dispose();
      runningVariance.dispose();
    });
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });

  it('uses the running statistics in evaluation mode and leaves them alone', () => {
    tf.tidy(() => {
      const runningMean = tf.variable(tf.tensor1d([1, -2]), false);
      const runningVariance = tf.variable(tf.tensor1d([4, 0.25]), false);
      const y = batchNorm(tf.tensor2d([3, -1], [1, 2]), tf.tensor1d([2, 3]), tf.tensor1d([0.5, -10]), runningMean, runningVariance, {
        isTraining: false,
        epsilon: 0,
        relu: true,
      });
      expect(y.dataSync()).toBeAllClose([2.5, 0], { atol: 1e-6 });
      expect(runningMean.dataSync()).toBeAllClose([1, -2], {});
      expect(runningVariance.dataSync()).toBeAllClose([4, 0.25], {});
      runningMean.dispose();
      runningVariance.dispose();
    });
  });

  it('refuses groups that do not divide the batch or hold a single value a channel', () => {
    const run = (shape: number[], groups: number) =>
      tf.tidy(() => {
        const variables = [tf.variable(tf.zeros([2]), false), tf.variable(tf.ones([2]), false)];
        try {
          batchNorm(tf.ones(shape), tf.ones([2]), tf.zeros([2]), variables[0], variables[1], { isTraining: true, groups });
        } finally {
          for (const variable of variables) variable.dispose();
        }
      });
    expect(() => run([3, 2], 2)).toThrow(/batchNorm: 2 groups of the batch must be equal/);
    expect(() => run([2, 2], 2)).toThrow(/2 values a channel or more, got x \[2,2\]/);
  });
});
