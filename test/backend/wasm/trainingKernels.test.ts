import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../../src/backend/setBackend.js';
import { batchNorm } from '../../../src/ops/batchNorm.js';
import { hasNativeKernel } from '../../../src/ops/nativeKernel.js';
import { type SgdEntry, sgdStep } from '../../../src/ops/sgdStep.js';
import { Rng } from '../../../src/util/rng.js';

// Loaded once: after that a change of backend is tf.setBackend.
beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  await setBackend({ backend: 'wasm' });
});
afterAll(() => tf.removeBackend('wasm'));

const normals = (size: number, seed: number, mean = 0): Float32Array => {
  const rng = new Rng({ seed, purpose: 'test' });
  return Float32Array.from({ length: size }, () => mean + rng.normal());
};

/** Runs on a backend, expects nothing to be left there, and gives the values back. */
async function valuesOn(backend: string, run: () => tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
  const values = tf.tidy(() => run().map((tensor) => Float32Array.from(tensor.dataSync())));
  expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  return values;
}

interface Case {
  shape: number[];
  groups: number;
  hasResidual: boolean;
  relu: boolean;
}

/** y, running mean and variance, and the gradients by x, gamma, beta and the residual. */
function batchNormResults({ shape, groups, hasResidual, relu }: Case): tf.Tensor[] {
  const [size, channels] = [tf.util.sizeFromShape(shape), shape[shape.length - 1]];
  const runningMean = tf.variable(tf.tensor1d(normals(channels, 6)), false);
  const runningVariance = tf.variable(tf.tensor1d(normals(channels, 7, 5)), false);
  const inputs = [
    tf.tensor(normals(size, 1, 2), shape),
    tf.tensor1d(normals(channels, 2, 1)),
    tf.tensor1d(normals(channels, 3)),
    ...(hasResidual ? [tf.tensor(normals(size, 4), shape)] : []),
  ];
  const run = (...[x, gamma, beta, residual]: tf.Tensor[]) =>
    batchNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, runningMean, runningVariance, { isTraining: true, groups, residual, relu });
  const { value, grads } = tf.valueAndGrads(run)(inputs, tf.tensor(normals(size, 5), shape));
  const results = [value, tf.clone(runningMean), tf.clone(runningVariance), ...grads];
  tf.dispose([runningMean, runningVariance]);
  return results;
}

const cases: Case[] = [];
// Rows a group that are and are not multiples of the four, and of the 32, that the loops take at a time.
for (const [shape, groups] of [
  [[2, 3], 1],
  [[3, 1], 1],
  [[6, 5], 2],
  [[9, 4], 3],
  [[2, 5, 7, 6], 2],
  [[4, 4, 8, 16], 2],
  [[3, 5, 9, 3], 1],
] as const) {
  for (const hasResidual of [false, true]) for (const relu of [false, true]) cases.push({ shape: [...shape], groups, hasResidual, relu });
}

describe('batch norm on wasm', () => {
  it('has kernels of its own', async () => {
    await tf.setBackend('wasm');
    expect(['AudiosslBatchNorm', 'AudiosslBatchNormGrad', 'AudiosslSgdStep'].map(hasNativeKernel)).toEqual([true, true, true]);
  });

  it.each(cases)('equals the composite on the cpu backend: values, running statistics, gradients, nothing left %o', async (test) => {
    const expected = await valuesOn('cpu', () => batchNormResults(test));
    const results = await valuesOn('wasm', () => batchNormResults(test));
    expect(results.length).toBe(test.hasResidual ? 7 : 6);
    // float32 throughout in the composite, with sums of up to 135 values.
    for (const [i, values] of results.entries()) expect(values).toBeAllClose(expected[i], { rtol: 2e-5, atol: 2e-5 });
  });

  it("leaves the caller's dy readable where the residual's gradient is dy itself", async () => {
    await tf.setBackend('wasm');
    const values = normals(12, 5);
    const [variable, x, residual, dy] = [tf.variable(tf.ones([3])), tf.ones([4, 3]), tf.ones([4, 3]), tf.tensor2d(values, [4, 3])];
    const run = (residual: tf.Tensor) => batchNorm(x, tf.ones([3]), tf.zeros([3]), variable, variable, { isTraining: true, residual });
    const gradient = tf.grad(run)(residual, dy);
    expect(gradient.dataSync()).toEqual(values);
    gradient.dispose();
    expect(dy.dataSync()).toEqual(values);
    tf.dispose([variable, x, residual, dy]);
  });

  it('keeps the variance of values far from zero', async () => {
    const [rows, channels, offset] = [1000, 3, 10_000];
    const x = normals(rows * channels, 1, offset);
    const [y] = await valuesOn('wasm', () => {
      const running = [tf.variable(tf.zeros([channels])), tf.variable(tf.ones([channels]))];
      const input = tf.tensor2d(x, [rows, channels]);
      const y = batchNorm(input, tf.ones([channels]), tf.zeros([channels]), running[0], running[1], { isTraining: true });
      tf.dispose(running);
      return [y];
    });
    const expected = new Float64Array(x.length);
    for (let c = 0; c < channels; c++) {
      const column = Array.from({ length: rows }, (_, r) => x[r * channels + c]);
      const mean = column.reduce((sum, v) => sum + v, 0) / rows;
      const variance = column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / rows;
      for (let r = 0; r < rows; r++) expected[r * channels + c] = (column[r] - mean) / Math.sqrt(variance + 1e-5);
    }
    expect(y).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-6 });
  });

  it('lets NaN through its ReLU', async () => {
    const [y] = await valuesOn('wasm', () => {
      const running = [tf.variable(tf.zeros([2])), tf.variable(tf.ones([2]))];
      const x = tf.tensor2d([1, 2, Number.NaN, 4], [2, 2]);
      const y = batchNorm(x, tf.ones([2]), tf.zeros([2]), running[0], running[1], { isTraining: true, relu: true });
      tf.dispose(running);
      return [y];
    });
    expect([...y].map(Number.isNaN)).toEqual([true, false, true, false]);
  });
});

describe('SGD in place on wasm', () => {
  /** Three steps, and after each what a convolution and a product make of the new weights. */
  function steps(momentum: number, weightDecay: number): tf.Tensor[] {
    const shapes = { filter: [3, 3, 4, 8], matrix: [6, 5], shift: [5] };
    const entries = Object.values(shapes).map((shape, i): SgdEntry => {
      const size = tf.util.sizeFromShape(shape);
      return {
        parameter: tf.variable(tf.tensor(normals(size, i), shape)),
        gradient: tf.tensor(normals(size, 10 + i), shape),
        momentum: tf.variable(tf.zeros(shape), false),
      };
    });
    const [filter, matrix] = entries.map(({ parameter }) => parameter);
    const [image, rows] = [tf.tensor4d(normals(2 * 7 * 6 * 4, 20), [2, 7, 6, 4]), tf.tensor2d(normals(18, 21), [3, 6])];
    const results: tf.Tensor[] = [];
    for (let step = 0; step < 3; step++) {
      sgdStep(entries, { learningRate: 0.1, momentum, weightDecay });
      results.push(tf.conv2d(image, filter as tf.Tensor4D, 1, 'same'), tf.matMul(rows, matrix as tf.Tensor2D));
    }
    // Copies, for the variables end here.
    for (const { parameter, momentum } of entries) results.push(tf.add(parameter, 0), tf.add(momentum, 0));
    for (const { parameter, momentum } of entries) tf.dispose([parameter, momentum]);
    return results;
  }

  it.each([
    [0.9, 5e-4],
    [0, 0],
  ])('equals the composite, and what was packed from the old weights is forgotten: momentum %d decay %d', async (momentum, weightDecay) => {
    const expected = await valuesOn('cpu', () => steps(momentum, weightDecay));
    const results = await valuesOn('wasm', () => steps(momentum, weightDecay));
    for (const [i, values] of results.entries()) expect(values).toBeAllClose(expected[i], { rtol: 1e-5, atol: 1e-5 });
  });
});

describe("replacements of tfjs's own kernels on wasm", () => {
  it('Identity shares the data', async () => {
    await tf.setBackend('wasm');
    const x = tf.tensor1d([1, 2]);
    const ids = tf.engine().backend.numDataIds();
    const copy = tf.clone(x);
    expect([tf.engine().backend.numDataIds(), copy.dataId === x.dataId]).toEqual([ids, true]);
    x.dispose();
    expect([...copy.dataSync()]).toEqual([1, 2]);
    copy.dispose();
    expect(tf.engine().backend.numDataIds()).toBe(ids - 1);
  });

  it.each<[number[], number[], boolean, boolean]>([
    [[3, 7], [7, 5], false, false],
    [[7, 3], [7, 5], true, false],
    [[3, 7], [5, 7], false, true],
    [[7, 3], [5, 7], true, true],
    [[4, 7, 3], [4, 5, 7], true, true],
    [[2, 3, 7, 4], [2, 3, 5, 7], true, true],
  ])('products of matrices equal the cpu backend, transposed too: %j %j %s %s', async (a, b, transposeA, transposeB) => {
    const values = (shape: number[], seed: number) => tf.tensor(normals(tf.util.sizeFromShape(shape), seed), shape);
    const product = () => {
      const result = tf.matMul(values(a, 1), values(b, 2), transposeA, transposeB);
      expect(result.shape.slice(-2)).toEqual([3 + (a.length === 4 ? 1 : 0), 5]);
      return [result];
    };
    const [expected] = await valuesOn('cpu', product);
    expect((await valuesOn('wasm', product))[0]).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
  });
});
