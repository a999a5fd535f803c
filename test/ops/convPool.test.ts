import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { convBatchNorm } from '../../src/ops/convBatchNorm.js';
import { globalAveragePool } from '../../src/ops/globalAveragePool.js';
import { maxPool2d } from '../../src/ops/maxPool2d.js';
import { cropPadding, padBefore } from '../../src/ops/padding.js';
import { availableBackends } from '../support/backends.js';
import { noNumericPadding, useNoNumericPadding } from '../support/noNumericPadding.js';
import { numericGradient, scatter } from './numeric.js';

type Shape = [number, number, number, number];
type Sides = [[number, number], [number, number]];

/** Visits every (output, input) pair of windows over `[batch, time, mel, ...]`; inputs outside are skipped. */
function windows(
  [batch, height, width]: Shape,
  [kernelHeight, kernelWidth]: number[],
  stride: number[],
  padding: Sides,
  visit: (out: [number, number, number], at: [number, number], input: [number, number]) => void,
): [number, number] {
  const outHeight = Math.floor((height + padding[0][0] + padding[0][1] - kernelHeight) / stride[0]) + 1;
  const outWidth = Math.floor((width + padding[1][0] + padding[1][1] - kernelWidth) / stride[1]) + 1;
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        for (let i = 0; i < kernelHeight; i++) {
          for (let j = 0; j < kernelWidth; j++) {
            const input: [number, number] = [y * stride[0] + i - padding[0][0], x * stride[1] + j - padding[1][0]];
            if (input[0] >= 0 && input[0] < height && input[1] >= 0 && input[1] < width) visit([b, y, x], [i, j], input);
          }
        }
      }
    }
  }
  return [outHeight, outWidth];
}

function convolve(x: number[], xShape: Shape, filter: number[], filterShape: Shape, stride: number, padding: Sides): number[] {
  const [, , inputs, outputs] = filterShape;
  const y: number[] = [];
  const sizes = windows(xShape, filterShape, [stride, stride], padding, () => {});
  windows(xShape, filterShape, [stride, stride], padding, ([b, oy, ox], [i, j], [iy, ix]) => {
    for (let o = 0; o < outputs; o++) {
      const at = ((b * sizes[0] + oy) * sizes[1] + ox) * outputs + o;
      y[at] ??= 0;
      for (let c = 0; c < inputs; c++) {
        const value = x[((b * xShape[1] + iy) * xShape[2] + ix) * inputs + c];
        y[at] += value * filter[((i * filterShape[1] + j) * inputs + c) * outputs + o];
      }
    }
  });
  return y;
}

const convCases: { xShape: Shape; filterShape: Shape; stride: number; padding: number | Sides }[] = [
  { xShape: [2, 5, 4, 2], filterShape: [3, 3, 2, 3], stride: 1, padding: 1 },
  { xShape: [2, 7, 6, 1], filterShape: [7, 7, 1, 4], stride: 2, padding: 3 },
  { xShape: [2, 5, 6, 3], filterShape: [3, 3, 3, 2], stride: 2, padding: 1 },
  { xShape: [1, 5, 6, 3], filterShape: [1, 1, 3, 2], stride: 2, padding: 0 },
  { xShape: [1, 4, 7, 2], filterShape: [5, 5, 2, 2], stride: 1, padding: 2 },
  {
    xShape: [1, 4, 5, 2],
    filterShape: [3, 2, 2, 2],
    stride: 1,
    padding: [
      [0, 2],
      [1, 0],
    ],
  },
];

const sidesOf = (padding: number | Sides): Sides =>
  typeof padding === 'number'
    ? [
        [padding, padding],
        [padding, padding],
      ]
    : padding;

describe.each([...availableBackends, noNumericPadding] as const)('convolution and pooling on %s', (backend) => {
  beforeAll(async () => void (backend === noNumericPadding ? await useNoNumericPadding() : await setBackend({ backend })));

  it.each(convCases)('conv2d equals the loops, and its gradients finite differences %o', ({ xShape, filterShape, stride, padding }) => {
    const x = scatter(tf.util.sizeFromShape(xShape), 1, 1);
    const filter = scatter(tf.util.sizeFromShape(filterShape), 2, 1);
    const sides = sidesOf(padding);
    const expected = convolve(x, xShape, filter, filterShape, stride, sides);
    const dy = scatter(expected.length, 3, 1);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const inputs = [tf.tensor(x, xShape), tf.tensor(filter, filterShape)];
      const run = (x: tf.Tensor, filter: tf.Tensor) => conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { stride, padding });
      const shape = run(inputs[0], inputs[1]).shape;
      const { value, grads } = tf.valueAndGrads(run)(inputs, tf.tensor(dy, shape));
      expect(value.dataSync()).toBeAllClose(expected, { atol: 1e-5 });
      const loss = (flat: number[]) =>
        convolve(flat.slice(0, x.length), xShape, flat.slice(x.length), filterShape, stride, sides).reduce(
          (sum, v, i) => sum + v * dy[i],
          0,
        );
      expect(grads.flatMap((grad) => [...grad.dataSync()])).toBeAllClose(numericGradient(loss, [...x, ...filter]), { atol: 3e-5 });
      const onlyFilter = tf.grad((filter: tf.Tensor) =>
        conv2d(inputs[0] as tf.Tensor4D, filter as tf.Tensor4D, { stride, padding, hasInputGradient: false }),
      );
      expect(onlyFilter(inputs[1], tf.tensor(dy, shape)).dataSync()).toBeAllClose(grads[1].dataSync(), { atol: 1e-6 });
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    { size: 3, stride: 2, padding: 1 },
    { size: 2, stride: undefined, padding: 0 },
    { size: [2, 5] as [number, number], stride: undefined, padding: 0 },
  ])('maxPool2d equals the loops, with negative values at the border, and its gradient goes to the maximum %o', (options) => {
    const shape: Shape = [2, 7, 10, 2];
    // All below zero: padding with zeros would win.
    const x = scatter(tf.util.sizeFromShape(shape), 4, 1).map((value) => value - 2);
    const size = typeof options.size === 'number' ? [options.size, options.size] : options.size;
    const stride = options.stride === undefined ? size : [options.stride, options.stride];
    const best: number[] = [];
    const from: number[] = [];
    const sizes = windows(shape, size, stride, sidesOf(options.padding), () => {});
    windows(shape, size, stride, sidesOf(options.padding), ([b, y, z], _, [iy, ix]) => {
      for (let c = 0; c < 2; c++) {
        const out = ((b * sizes[0] + y) * sizes[1] + z) * 2 + c;
        const at = ((b * shape[1] + iy) * shape[2] + ix) * 2 + c;
        if (best[out] === undefined || x[at] > best[out]) {
          best[out] = x[at];
          from[out] = at;
        }
      }
    });
    const dy = scatter(best.length, 5, 1);
    const expected = new Array<number>(x.length).fill(0);
    for (const [out, at] of from.entries()) expected[at] += dy[out];
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const dyTensor = tf.tensor4d(dy, [2, sizes[0], sizes[1], 2]);
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => maxPool2d(x as tf.Tensor4D, options))(tf.tensor(x, shape), dyTensor);
      expect(value.dataSync()).toBeAllClose(best, { rtol: 1e-6 });
      expect(grad.dataSync()).toBeAllClose(expected, { atol: 1e-6 });
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('globalAveragePool is the mean over time and mel, and its gradient is shared equally', () => {
    tf.tidy(() => {
      const x = tf.tensor([1, 10, 2, 20, 3, 30, 6, 60], [1, 2, 2, 2]);
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => globalAveragePool(x as tf.Tensor4D))(x, tf.tensor2d([[4, 8]]));
      expect(value.dataSync()).toBeAllClose([3, 30], { rtol: 1e-6 });
      expect(grad.dataSync()).toBeAllClose([1, 2, 1, 2, 1, 2, 1, 2], { rtol: 1e-6 });
    });
  });

  it.each([
    { relu: false, hasResidual: false },
    { relu: true, hasResidual: false },
    { relu: true, hasResidual: true },
  ])('convBatchNorm folds to the same values as convolution and batch norm one after the other %o', ({ relu, hasResidual }) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.tensor(scatter(2 * 5 * 4 * 2, 6, 1), [2, 5, 4, 2]) as tf.Tensor4D;
      const filter = tf.tensor(scatter(3 * 3 * 2 * 3, 7, 1), [3, 3, 2, 3]) as tf.Tensor4D;
      const [gamma, beta, runningMean, runningVariance] = [1, 0, 0, 2].map((one, i) =>
        tf.variable(tf.tensor1d(scatter(3, 8 + i, 0.5).map((v) => v + one))),
      );
      const norm = { gamma, beta, runningMean, runningVariance };
      const residual = hasResidual ? (tf.tensor(scatter(2 * 3 * 2 * 3, 9, 1), [2, 3, 2, 3]) as tf.Tensor4D) : undefined;
      const options = { isTraining: false, stride: 2, padding: 1, relu, residual };
      const folded = convBatchNorm(x, filter, norm, options);
      // Under gradients the two steps run one after the other.
      const { value, grad } = tf.valueAndGrad((filter: tf.Tensor) => convBatchNorm(x, filter as tf.Tensor4D, norm, options))(filter);
      expect(folded.dataSync()).toBeAllClose(value.dataSync(), { atol: 3e-6 });
      expect(Math.max(...grad.dataSync().map(Math.abs))).toBeGreaterThan(0.1);
      for (const variable of [gamma, beta, runningMean, runningVariance]) variable.dispose();
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('convBatchNorm gives a row the same values in batches of other sizes, the filter packed for one of them serving the others', () => {
    tf.tidy(() => {
      // Large enough for Winograd's algorithm in some batches, and not in others.
      const rows = 24;
      const all = tf.tensor(scatter(rows * 8 * 7 * 64, 6, 1), [rows, 8, 7, 64]) as tf.Tensor4D;
      const filter = tf.tensor(scatter(3 * 3 * 64 * 64, 7, 0.05), [3, 3, 64, 64]) as tf.Tensor4D;
      const [gamma, beta, runningMean, runningVariance] = [1, 0, 0, 2].map((one, i) =>
        tf.variable(tf.tensor1d(scatter(64, 8 + i, 0.5).map((v) => v + one))),
      );
      const norm = { gamma, beta, runningMean, runningVariance };
      const first = (batch: number) => {
        const x = tf.slice(all, [0, 0, 0, 0], [batch, -1, -1, -1]);
        const y = convBatchNorm(x, filter, norm, { isTraining: false, stride: 1, padding: 1, relu: false });
        return tf.slice(y, [0, 0, 0, 0], [1, -1, -1, -1]).dataSync();
      };
      const alone = first(1);
      expect(Math.max(...alone.map(Math.abs))).toBeGreaterThan(0.5);
      // Sums of 576 products around 0.02; Winograd's transforms lose two digits more.
      for (const batch of [24, 16, 20, 2, 24]) expect(first(batch)).toBeAllClose(alone, { atol: 2e-4 });
      for (const variable of [gamma, beta, runningMean, runningVariance]) variable.dispose();
    });
  });
});

describe('padding for backends whose kernels take none', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  it('crops what it padded', () => {
    tf.tidy(() => {
      const shape: Shape = [1, 2, 3, 1];
      const x = tf.tensor(scatter(6, 1, 1), shape) as tf.Tensor4D;
      const plan = {
        attribute: 'valid' as const,
        before: [
          [1, 0],
          [2, 1],
        ] as Sides,
      };
      const padded = padBefore(x, plan, -7);
      expect(padded.shape).toEqual([1, 3, 6, 1]);
      expect(padded.dataSync().filter((value) => value === -7)).toHaveLength(12);
      expect(cropPadding(padded, plan, shape).dataSync()).toEqual(x.dataSync());
    });
  });
  it('refuses a filter of other channels', () => {
    expect(() => tf.tidy(() => conv2d(tf.ones([1, 3, 3, 2]), tf.ones([1, 1, 3, 4])))).toThrow(
      /conv2d: filter \[1,1,3,4\] must take as many channels/,
    );
  });
});
