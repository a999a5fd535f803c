import { execFileSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addonPath, loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { valueAndGradients } from '../../src/nn/valueAndGradients.js';
import { batchNorm } from '../../src/ops/batchNorm.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { convBatchNorm } from '../../src/ops/convBatchNorm.js';
import { globalAveragePool } from '../../src/ops/globalAveragePool.js';
import { maxPool2d } from '../../src/ops/maxPool2d.js';
import { softmaxCrossEntropy } from '../../src/ops/softmaxCrossEntropy.js';
import { sgd } from '../../src/optim/sgd.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

// bfloat16 has 8 significant bits: rounding to it changes a value by at most 2^-9 of it.
const isBuilt = availableBackends.includes('libtorch');
const canRun = isBuilt && loadAddon().hasBfloat16();
type Four = [number, number, number, number];

const random = <R extends tf.Rank>(shape: tf.ShapeMap[R], key: number, amplitude = 1): tf.Tensor<R> =>
  tf.tensor(scatter(tf.util.sizeFromShape(shape), key, amplitude), shape);

/** Root mean square of the difference, relative to that of `b`. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(error / size);
}

/** What `compute` gives at each precision. */
async function atBoth(compute: () => Float32Array[], threads?: number): Promise<{ float32: Float32Array[]; bfloat16: Float32Array[] }> {
  await setBackend({ backend: 'libtorch', precision: 'float32', threads });
  const float32 = compute();
  await setBackend({ backend: 'libtorch', precision: 'bfloat16', threads });
  return { float32, bfloat16: compute() };
}

const values = (tensors: tf.Tensor[]): Float32Array[] => tensors.map((tensor) => tensor.dataSync<'float32'>());

/** Values that bfloat16 holds exactly, stored in bfloat16 if the policy is on: a convolution by 1 stores its result. */
function stored(shape: Four, key: number): tf.Tensor4D {
  const rounded = tf.tensor4d(
    scatter(tf.util.sizeFromShape(shape), key, 64).map((v) => Math.round(v) / 64),
    shape,
  );
  return conv2d(rounded, tf.reshape<tf.Rank.R4>(tf.eye(shape[3]), [1, 1, shape[3], shape[3]]));
}

describe.skipIf(!isBuilt || canRun)('bfloat16 where the processor lacks it', () => {
  it('is refused in a sentence, and precision auto takes float32', async () => {
    await expect(setBackend({ backend: 'libtorch', precision: 'bfloat16' })).rejects.toThrow(
      /precision bfloat16 needs a processor with AVX-512 BF16, which this one lacks/,
    );
    expect((await setBackend({ backend: 'libtorch', precision: 'auto' })).precision).toBe('float32');
    expect(conv2d(tf.fill([1, 1, 1, 1], 1.001), tf.ones([1, 1, 1, 1])).dataSync()[0]).toBe(Math.fround(1.001));
  });
});

describe.skipIf(!isBuilt)('bfloat16 where oneDNN is held to less than the processor has', () => {
  // A process of its own: oneDNN reads the variable once.
  it.each(['ONEDNN_MAX_CPU_ISA', 'DNNL_MAX_CPU_ISA'])('%s is heeded: auto computes in float32, bfloat16 is refused', (name) => {
    const program = `
      import * as tf from '@tensorflow/tfjs-core';
      import { useAddon } from '${new URL('../../dist/backend/libtorch/loadAddon.js', import.meta.url)}';
      import { setBackend } from '${new URL('../../dist/backend/setBackend.js', import.meta.url)}';
      useAddon(${JSON.stringify(addonPath())});
      const { precision } = await setBackend({ backend: 'libtorch', precision: 'auto' });
      const value = tf.conv2d(tf.fill([1, 3, 3, 4], 1.001), tf.ones([3, 3, 4, 4]), 1, 'same').dataSync()[0];
      const refused = await setBackend({ backend: 'libtorch', precision: 'bfloat16' }).catch((error) => error.message);
      console.log(JSON.stringify({ precision, value, refused }));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, [name]: 'AVX2' },
    });
    const { precision, value, refused } = JSON.parse(printed);
    expect(precision).toBe('float32');
    expect(value).toBeCloseTo(16 * 1.001, 5); // 4 channels of the 4 places that a corner has
    expect(refused).toContain('lacks or ONEDNN_MAX_CPU_ISA (DNNL_MAX_CPU_ISA) keeps from use; leave out');
  });
});

describe.skipIf(!canRun)('bfloat16 on libtorch (skipped where the addon or the processor lacks it)', () => {
  beforeAll(async () => {
    await setBackend({ backend: 'libtorch', precision: 'bfloat16' });
  });
  afterAll(async () => {
    await setBackend({ backend: 'libtorch', precision: 'float32' });
  });

  it('is what precision auto and bfloat16 give', async () => {
    expect((await setBackend({ backend: 'libtorch', precision: 'auto' })).precision).toBe('bfloat16');
    expect((await setBackend({ backend: 'libtorch', precision: 'float32' })).precision).toBe('float32');
    expect(conv2d(tf.fill([1, 1, 1, 1], 1.001), tf.ones([1, 1, 1, 1])).dataSync()[0]).toBe(Math.fround(1.001));
    expect((await setBackend({ backend: 'libtorch', precision: 'bfloat16' })).precision).toBe('bfloat16');
    expect(conv2d(tf.fill([1, 1, 1, 1], 1.001), tf.ones([1, 1, 1, 1])).dataSync()[0]).toBe(1);
  });

  // Inputs, filter and result are rounded: three independent errors of at most 2^-9, sqrt(3) 2^-9 < 2^-8 even if all were largest.
  const plain = 2 ** -8;
  // Winograd's transforms round sums of four values of x and of nine of the filter once more, and their differences cancel.
  const winograd = 2 ** -7;
  const convolutions: { x: Four; filter: Four; stride: number; padding: number; band: number }[] = [
    { x: [4, 21, 16, 1], filter: [7, 7, 1, 16], stride: 2, padding: 3, band: plain },
    { x: [4, 12, 10, 32], filter: [3, 3, 32, 48], stride: 1, padding: 1, band: plain },
    { x: [4, 12, 10, 32], filter: [3, 3, 32, 64], stride: 2, padding: 1, band: plain },
    { x: [4, 12, 10, 32], filter: [1, 1, 32, 64], stride: 2, padding: 0, band: plain },
    { x: [64, 4, 3, 64], filter: [3, 3, 64, 64], stride: 1, padding: 1, band: winograd },
    { x: [7, 9, 6, 64], filter: [3, 3, 64, 128], stride: 1, padding: 1, band: winograd }, // an odd number of tiles, some half empty
    { x: [3, 12, 15, 128], filter: [3, 3, 128, 64], stride: 1, padding: 0, band: winograd },
    { x: [2, 5, 5, 3], filter: [3, 3, 3, 5], stride: 1, padding: 1, band: plain },
    // Filter gradients of channels in whole panels are our own loops: an odd number of pixels; one pixel a window; three portions of pixels.
    { x: [7, 9, 6, 64], filter: [3, 3, 64, 128], stride: 2, padding: 1, band: plain },
    { x: [3, 7, 6, 128], filter: [1, 1, 128, 64], stride: 2, padding: 0, band: plain },
    { x: [31, 25, 26, 64], filter: [3, 3, 64, 64], stride: 2, padding: 0, band: plain },
  ];
  // Each thread works on tiles or images of its own.
  const cases = [1, 2].flatMap((threads) => convolutions.map((one) => ({ ...one, threads })));
  const title = 'convolves $x by $filter within $band with $threads threads, and so are both gradients';
  it.each(cases)(title, async ({ x, filter, stride, padding, band, threads }) => {
    const { float32, bfloat16 } = await atBoth(() => {
      const [input, weights] = [random<tf.Rank.R4>(x, 1), random<tf.Rank.R4>(filter, 2)];
      const f = (a: tf.Tensor, b: tf.Tensor) => conv2d(a as tf.Tensor4D, b as tf.Tensor4D, { stride, padding });
      const y = f(input, weights);
      const [dx, dw] = tf.grads(f)([input, weights], random(y.shape, 3));
      return values([y, dx, dw]);
    }, threads);
    for (let i = 0; i < 3; i++) {
      expect(difference(bfloat16[i], float32[i])).toBeLessThan(band);
      expect(difference(bfloat16[i], float32[i])).toBeGreaterThan(2 ** -13); // it did compute in bfloat16
    }
  });

  it.each([
    { relu: false, hasResidual: false },
    { relu: true, hasResidual: true },
  ])('normalises batches within one rounding, in float32 inside: %o', async ({ relu, hasResidual }) => {
    const { float32, bfloat16 } = await atBoth(() => {
      const [x, residual] = [stored([8, 6, 5, 24], 1), stored([8, 6, 5, 24], 2)];
      const statistics = [tf.variable(tf.zeros([24]), false), tf.variable(tf.ones([24]), false)];
      const [gamma, beta] = [random<tf.Rank.R1>([24], 3), random<tf.Rank.R1>([24], 4)];
      const f = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, residual: tf.Tensor) => {
        const options = { isTraining: true, groups: 2, relu, residual: hasResidual ? residual : undefined };
        return batchNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, statistics[0], statistics[1], options);
      };
      const inputs = hasResidual ? [x, gamma, beta, residual] : [x, gamma, beta];
      const y = f(x, gamma, beta, residual);
      const moments = statistics.map((s) => tf.clone(s));
      return values([y, ...moments, ...tf.grads(f as (...x: tf.Tensor[]) => tf.Tensor)(inputs, stored([8, 6, 5, 24], 5))]);
    });
    const [y, mean, variance, ...gradients] = bfloat16.map((b, i) => difference(b, float32[i]));
    expect(y).toBeLessThan(2 ** -9);
    expect(Math.max(mean, variance)).toBeLessThan(1e-6); // statistics of equal values
    // dx and dResidual are rounded; dGamma and dBeta are float32, of a y whose sign may have been rounded away.
    for (const gradient of gradients) expect(gradient).toBeLessThan(2 ** -9);
  });

  it('pools, cuts at zero and adds exactly where the results need no rounding', async () => {
    const { float32, bfloat16 } = await atBoth(() => {
      const x = stored([3, 9, 8, 20], 1);
      const f = (x: tf.Tensor) => maxPool2d(x as tf.Tensor4D, { size: 2 });
      return values([f(x), tf.grad(f)(x, stored([3, 4, 4, 20], 2)), tf.relu(x), tf.add(x, x)]);
    });
    for (let i = 0; i < float32.length; i++) expect(bfloat16[i]).toEqual(float32[i]);
  });

  it.each([
    { channels: 32, band: plain, threads: 2 },
    { channels: 64, band: winograd, threads: 1 },
    { channels: 64, band: plain, threads: 2 },
  ])('folds batch norm of $channels channels in evaluation with $threads threads within $band', async ({ channels, band, threads }) => {
    const { float32, bfloat16 } = await atBoth(() => {
      const norm = {
        gamma: tf.variable(tf.add(random<tf.Rank.R1>([channels], 1), 2)),
        beta: tf.variable(random([channels], 2)),
        runningMean: tf.variable(random([channels], 3), false),
        runningVariance: tf.variable(tf.add(random([channels], 4), 2), false),
      };
      const [x, filter, residual] = [
        stored([8, 9, 8, channels], 5),
        random<tf.Rank.R4>([3, 3, channels, channels], 6),
        stored([8, 9, 8, channels], 7),
      ];
      return values(
        [undefined, residual].map((residual) => convBatchNorm(x, filter, norm, { isTraining: false, padding: 1, relu: true, residual })),
      );
    }, threads);
    for (let i = 0; i < 2; i++) expect(difference(bfloat16[i], float32[i])).toBeLessThan(band);
  });

  it('computes everything else in float32, also on what is stored in bfloat16', () => {
    const x = stored([2, 3, 3, 16], 1);
    const numbers = x.dataSync<'float32'>();
    const factor = 1 + 2 ** -12; // lost in bfloat16
    expect(x.dtype).toBe('float32');
    expect(tf.mul(x, factor).dataSync()).toEqual(numbers.map((v) => Math.fround(v * factor)));
    expect(tf.add(x, 2 ** -12).dataSync()).toEqual(numbers.map((v) => Math.fround(v + 2 ** -12)));
    expect(tf.transpose(x, [3, 0, 1, 2]).dataSync()[1]).toBe(numbers[16]);
    expect(tf.concat([x, x], 0).dataSync().subarray(numbers.length)).toEqual(numbers);
    expect(tf.mean(x).dataSync()[0]).toBeCloseTo(numbers.reduce((sum, v) => sum + v, 0) / numbers.length, 6);
    const parameter = tf.variable(x); // an optimiser needs float32
    sgd({ momentum: 0, weightDecay: 0 }).step(new Map([['p', parameter]]), new Map([['p', tf.fill(x.shape, -factor)]]), 1);
    expect(parameter.dataSync()).toEqual(numbers.map((v) => Math.fround(v + Math.fround(factor))));
  });

  it('holds 30 training steps to the loss of float32 within 2 % of the first loss', async () => {
    const { float32, bfloat16 } = await atBoth(() => [trainingLosses(30)]);
    const [exact, rounded] = [float32[0], bfloat16[0]];
    expect(exact[29]).toBeLessThan(0.5 * exact[0]); // it learns
    // Each activation is off by 2^-9 at random; the mean over 32 rows and the averaging of the layers leave a few parts in a thousand.
    for (let i = 0; i < 30; i++) expect(Math.abs(rounded[i] - exact[i])).toBeLessThan(0.02 * exact[0]);
    expect(difference(rounded, exact)).toBeGreaterThan(1e-7);
  });
});

/** Two convolutions with batch norm (the second by Winograd's algorithm), a residual, pooling and a linear layer, on 32 fixed patches of 4 classes. */
function trainingLosses(numSteps: number): Float32Array {
  const parameters = new Map<string, tf.Variable>(
    [
      { name: 'first', shape: [3, 3, 1, 64] },
      { name: 'second', shape: [3, 3, 64, 64] },
      { name: 'last', shape: [64, 4] },
    ].map(({ name, shape }, i) => [
      name,
      tf.variable(random(shape as Four, i, 1 / Math.sqrt(tf.util.sizeFromShape(shape) / shape.at(-1)!))),
    ]),
  );
  for (const name of ['gamma', 'beta']) parameters.set(name, tf.variable(name === 'gamma' ? tf.ones([64]) : tf.zeros([64])));
  const [mean, variance] = [tf.variable(tf.zeros([64]), false), tf.variable(tf.ones([64]), false)];
  const labels = tf.tensor1d(
    Array.from({ length: 32 }, (_, i) => i % 4),
    'int32',
  );
  // Each class has a row of the patch that is louder.
  const x = tf.add(
    random<tf.Rank.R4>([32, 16, 12, 1], 9),
    tf.reshape(tf.oneHot(tf.cast(tf.mul(labels, 4), 'int32'), 16), [32, 16, 1, 1]),
  ) as tf.Tensor4D;
  const of = <T extends tf.Tensor>(name: string) => parameters.get(name) as tf.Tensor as T;
  const forward = () => {
    const norm = (h: tf.Tensor4D, residual?: tf.Tensor4D) =>
      batchNorm(h, of<tf.Tensor1D>('gamma'), of<tf.Tensor1D>('beta'), mean, variance, { isTraining: true, relu: true, residual });
    const h = maxPool2d(norm(conv2d(x, of('first'), { padding: 1, hasInputGradient: false })), { size: 3, stride: 2, padding: 1 });
    const y = norm(conv2d(h, of('second'), { padding: 1 }), h);
    return softmaxCrossEntropy(tf.matMul(globalAveragePool(y), of<tf.Tensor2D>('last')), labels);
  };
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  return Float32Array.from({ length: numSteps }, () => {
    const { value, gradients } = valueAndGradients(parameters, forward);
    optimizer.step(parameters, gradients, 0.05);
    return value.dataSync()[0];
  });
}
