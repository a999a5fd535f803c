import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { LibtorchBackend } from '../../src/backend/libtorch/LibtorchBackend.js';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { convBatchNorm } from '../../src/ops/convBatchNorm.js';
import { sgdStep } from '../../src/ops/sgdStep.js';
import { availableBackends } from '../support/backends.js';

describe.skipIf(!availableBackends.includes('libtorch'))('the libtorch backend (skipped where the addon is not built)', () => {
  beforeAll(async () => {
    await setBackend({ backend: 'libtorch' });
  });

  it('has every kernel that tfjs’s cpu backend has', () => {
    const missing = tf.getKernelsForBackend('cpu').filter(({ kernelName }) => !tf.getKernel(kernelName, 'libtorch'));
    expect(missing.map(({ kernelName }) => kernelName)).toEqual([]);
  });

  it('frees a tensor of the addon the moment tfjs disposes of the last reference', () => {
    const live = loadAddon().liveTensors();
    const a = tf.ones([3, 4]);
    const b = tf.clone(a); // shares the data
    const c = tf.reshape(a, [12]); // a view: a handle of its own
    expect(loadAddon().liveTensors()).toBe(live + 2);
    a.dispose();
    expect(loadAddon().liveTensors()).toBe(live + 2);
    b.dispose();
    expect(loadAddon().liveTensors()).toBe(live + 1);
    expect([...c.dataSync()]).toEqual(new Array(12).fill(1));
    c.dispose();
    expect(loadAddon().liveTensors()).toBe(live);
    expect(tf.memory().unreliable).toBe(false);
  });

  it('names kernel, reason and shapes in an error, and goes on working', () => {
    const backend = tf.backend() as LibtorchBackend;
    expect(backend).toBeInstanceOf(LibtorchBackend);
    const [a, b] = [tf.ones([2, 3]), tf.ones([4, 5])];
    const live = loadAddon().liveTensors();
    expect(() => backend.addon.matmul(backend.handle(a), backend.handle(b), false, false)).toThrow(
      /^libtorch matmul: mat1 and mat2 shapes cannot be multiplied.*\(shapes \[2, 3\], \[4, 5\]\)$/,
    );
    expect(() => backend.addon.full([2 ** 45], 0, 0)).toThrow(/^libtorch full: .*(memory|allocate)/);
    expect(() => backend.addon.abs(123_456_789)).toThrow(/disposed/);
    expect(() => backend.addon.reshape(backend.handle(a), 7 as unknown as number[])).toThrow(/^libtorch reshape: expected an array/);
    expect(loadAddon().liveTensors()).toBe(live);
    tf.dispose([a, b]);
  });

  it('multiplies by one row and one column as by many, whichever side is transposed', () => {
    const value = (i: number) => Math.sin(i * 12.9898);
    const product = (m: number, k: number, n: number, transposeA: boolean, transposeB: boolean) => {
      const a = tf.tensor2d(
        Float32Array.from({ length: m * k }, (_, i) => value(i)),
        transposeA ? [k, m] : [m, k],
      );
      const b = tf.tensor2d(
        Float32Array.from({ length: k * n }, (_, i) => value(i + 7)),
        transposeB ? [n, k] : [k, n],
      );
      const got = tf.tidy(() => tf.matMul(a, b, transposeA, transposeB));
      const [left, right] = [a.dataSync(), b.dataSync()];
      const want = Array.from({ length: m * n }, (_, at) => {
        const [row, column] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let i = 0; i < k; i++)
          sum += left[transposeA ? i * m + row : row * k + i] * right[transposeB ? column * k + i : i * n + column];
        return sum;
      });
      expect(got.shape).toEqual([m, n]);
      // k products of at most 1 in float32, each rounded once and once more in the sum.
      for (const [at, sum] of got.dataSync().entries()) expect(Math.abs(sum - want[at])).toBeLessThanOrEqual((k + 1) ** 2 * 2 ** -24);
      tf.dispose([a, b, got]);
    };
    for (const [m, k, n] of [
      [1, 37, 11],
      [11, 37, 1],
      // Longer than four of the widest registers and no multiple of any; more than threads take at a time.
      [1, 213, 700],
      [700, 213, 1],
      [1, 37, 1],
      [1, 1, 5],
      [1, 0, 3],
      [0, 4, 1],
    ]) {
      for (const transposeA of [false, true]) for (const transposeB of [false, true]) product(m, k, n, transposeA, transposeB);
    }
  });

  it('moves data from and to other backends', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    await tf.setBackend('libtorch');
    const y = tf.add(x, 1);
    await tf.setBackend('cpu');
    expect([...tf.mul(x, y).dataSync()]).toEqual([2, 6, 12, 20]);
    await tf.setBackend('libtorch');
    expect([...tf.sub(y, x).dataSync()]).toEqual([1, 1, 1, 1]);
    tf.dispose([x, y]);
  });

  it('reads a filter back unchanged after a convolution has laid it out anew', () => {
    const values = Float32Array.from({ length: 3 * 3 * 2 * 5 }, (_, i) => i);
    const filter = tf.tensor4d(values, [3, 3, 2, 5]);
    const before = tf.reshape(filter, [18, 5]);
    tf.conv2d(tf.ones<tf.Rank.R4>([1, 6, 6, 2]), filter, 1, 'valid').dispose();
    expect(filter.dataSync()).toEqual(values);
    expect(before.dataSync()).toEqual(values);
    expect(tf.transpose(filter, [3, 0, 1, 2]).dataSync().slice(0, 4)).toEqual(new Float32Array([0, 5, 10, 15]));
  });

  const entry = (parameter: tf.Variable, gradient: tf.Tensor) => ({ parameter, gradient, momentum: tf.variable(tf.zerosLike(parameter)) });
  const options = { learningRate: 1, momentum: 0, weightDecay: 0 };

  it('leaves views alone when the optimiser changes their parameter in place', () => {
    const start = tf.tensor1d([1, 2, 3, 4]);
    const parameter = tf.variable(tf.reshape(start, [2, 2])); // shares memory with `start`
    const view = tf.reshape(parameter, [4]);
    sgdStep([entry(parameter, tf.ones([2, 2]))], options);
    expect([...parameter.dataSync()]).toEqual([0, 1, 2, 3]);
    expect([...view.dataSync()]).toEqual([1, 2, 3, 4]);
    expect([...start.dataSync()]).toEqual([1, 2, 3, 4]);
  });

  it('steps by gradients and momenta whose memory is ordered otherwise than the parameter’s', () => {
    const filter = tf.variable(tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]));
    tf.conv2d(tf.ones<tf.Rank.R4>([1, 2, 2, 2]), filter as tf.Tensor4D, 1, 'valid').dispose(); // now ordered [out, in]
    sgdStep([entry(filter, tf.tensor4d([0.1, 0.2, 0.3, 0.4], [1, 1, 2, 2]))], { ...options, learningRate: 10 });
    expect(filter.dataSync()).toBeAllClose([0, 0, 0, 0], { atol: 1e-6 });
  });

  it('folds batch norm anew after its parameters have changed', () => {
    const norm = {
      gamma: tf.variable(tf.tensor1d([2])),
      beta: tf.variable(tf.tensor1d([1])),
      runningMean: tf.variable(tf.tensor1d([0]), false),
      runningVariance: tf.variable(tf.tensor1d([1 - 1e-5]), false),
    };
    const filter = tf.tensor4d([3], [1, 1, 1, 1]);
    const run = () => convBatchNorm(tf.ones<tf.Rank.R4>([1, 1, 1, 1]), filter, norm, { isTraining: false }).dataSync()[0];
    expect(run()).toBeCloseTo(3 * 2 + 1, 5);
    expect(run()).toBeCloseTo(7, 5);
    sgdStep([entry(norm.gamma, tf.tensor1d([1]))], options);
    expect(run()).toBeCloseTo(3 * 1 + 1, 5);
    norm.beta.assign(tf.tensor1d([5]));
    expect(run()).toBeCloseTo(3 + 5, 5);
  });

  // Where every core has other work each of its thousands of loops waits for the slower thread to get a turn.
  it('does not grow over 200 training steps', { timeout: 300_000 }, () => {
    const filter = tf.variable(tf.randomNormal([3, 3, 1, 4], 0, 0.1, 'float32', 1));
    const momentum = tf.variable(tf.zerosLike(filter));
    const x = tf.randomNormal<tf.Rank.R4>([4, 8, 8, 1], 0, 1, 'float32', 2);
    const step = () => {
      const { value, grads } = tf.variableGrads(() => tf.mean(tf.relu(tf.conv2d(x, filter as tf.Tensor4D, 1, 'same'))), [filter]);
      sgdStep([{ parameter: filter, gradient: grads[filter.name], momentum }], { ...options, learningRate: 1e-3 });
      tf.dispose([value, grads]);
    };
    step();
    const before = [tf.memory().numTensors, tf.memory().numBytes, loadAddon().liveTensors()];
    for (let i = 0; i < 200; i++) step();
    expect([tf.memory().numTensors, tf.memory().numBytes, loadAddon().liveTensors()]).toEqual(before);
  });
});
