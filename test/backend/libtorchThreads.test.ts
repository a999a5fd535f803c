import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { parseLibraries } from '../../src/cli/doctor/libtorch.js';
import { adamStep } from '../../src/ops/adamStep.js';
import { angularMargin } from '../../src/ops/angularMargin.js';
import { batchNorm } from '../../src/ops/batchNorm.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { convBatchNorm } from '../../src/ops/convBatchNorm.js';
import { gaussianNoise } from '../../src/ops/gaussianNoise.js';
import { maxPool2d } from '../../src/ops/maxPool2d.js';
import { ntXent } from '../../src/ops/ntXent.js';
import { sgdStep } from '../../src/ops/sgdStep.js';
import { softmaxCrossEntropy } from '../../src/ops/softmaxCrossEntropy.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

const hasLibtorch = availableBackends.includes('libtorch');
const precisions = hasLibtorch && loadAddon().hasBfloat16() ? (['float32', 'bfloat16'] as const) : (['float32'] as const);
type Precision = (typeof precisions)[number];

// Each shape leaves a rest when it is cut for 2, 3 or 5 threads (more than this machine may have cores), unless a case says otherwise.
const threadCounts = [2, 3, 5];
/** Milliseconds: where every core has other work each loop waits for its slowest thread to get a turn. */
const patience = 300_000;

const known = new Map<string, Float32Array>(); // each is asked for once a number of threads
function random<R extends tf.Rank>(shape: tf.ShapeMap[R], key: number): tf.Tensor<R> {
  const name = `${shape} ${key}`;
  if (!known.has(name)) known.set(name, Float32Array.from(scatter(tf.util.sizeFromShape(shape), key, 1)));
  return tf.tensor(known.get(name)!, shape);
}

type Four = [number, number, number, number];
/** As a convolution stores its result: in bfloat16, if the policy is on. */
const activations = (shape: Four, key: number): tf.Tensor4D =>
  conv2d(random<tf.Rank.R4>(shape, key), tf.reshape<tf.Rank.R4>(tf.eye(shape[3]), [1, 1, shape[3], shape[3]]));

/** Value and gradients by all inputs, y's gradient being random numbers. */
function withGradients<T extends tf.Tensor[]>(f: (...inputs: T) => tf.Tensor, inputs: T): tf.Tensor[] {
  const y = f(...inputs);
  return [y, ...tf.grads(f as unknown as (...x: tf.Tensor[]) => tf.Tensor)(inputs, random(y.shape as Four, 99))];
}

const convolution = (x: Four, filter: Four, stride: number) => () =>
  withGradients(
    (a: tf.Tensor4D, b: tf.Tensor4D) => conv2d(a, b, { stride, padding: filter[0] >> 1 }),
    [activations(x, 1), random<tf.Rank.R4>(filter, 2)],
  );

const batchNormOf = (shape: Four, groups: number, hasResidual: boolean, relu: boolean) => () => {
  const channels = shape[3];
  const running = [tf.variable(tf.zeros([channels]), false), tf.variable(tf.ones([channels]), false)];
  const f = (x: tf.Tensor4D, gamma: tf.Tensor1D, beta: tf.Tensor1D, residual?: tf.Tensor4D) =>
    batchNorm(x, gamma, beta, running[0], running[1], { isTraining: true, groups, relu, residual });
  const inputs = [activations(shape, 1), random<tf.Rank.R1>([channels], 2), random<tf.Rank.R1>([channels], 3)] as const;
  const results = withGradients(f as (...x: tf.Tensor[]) => tf.Tensor, hasResidual ? [...inputs, activations(shape, 4)] : [...inputs]);
  return [...results, ...running];
};

/** One parameter that is cut into parts and one that is not, after two steps. */
function optimiserSteps(step: (parameter: tf.Variable, gradient: tf.Tensor, state: tf.Variable[]) => void): tf.Tensor[] {
  return [70_003, 77].flatMap((count) => {
    const parameter = tf.variable(random([count], 1));
    const state = [tf.variable(tf.zeros([count])), tf.variable(tf.zeros([count]))];
    for (const key of [2, 3]) step(parameter, random([count], key), state);
    return [parameter, ...state];
  });
}

const rows = (count: number, size: number) => random<tf.Rank.R2>([count, size], 1);
const classes = (count: number) => tf.tensor1d(scatter(count, 5, 3).map(Math.floor).map(Math.abs), 'int32');

interface Case {
  name: string;
  compute: () => tf.Tensor[];
  /** What splits the work anew with the number of threads, and so adds up in another order: off by this much of the largest value. */
  rounding?: number;
}

// Float32 sums of up to 4,000 products in another order; Winograd's F(4 x 4, 3 x 3) multiplies by up to 5 before it subtracts.
const otherOrder = 1e-5;
// Products of matrices are the library's: MKL, in PyTorch's wheels, cuts their sums by threads on some processors (seen on Zen 4). OpenBLAS,
// beside Debian's libtorch 1.13, does not.
const isPyTorch2 = hasLibtorch && !parseLibraries(loadAddon().libraries()).libtorch.startsWith('1.');
const productOrder = isPyTorch2 ? otherOrder : undefined;

const cases: Case[] = [
  // Our own loops at both precisions.
  { name: 'a 3 x 3 convolution by Winograd’s algorithm', compute: convolution([7, 9, 7, 64], [3, 3, 64, 192], 1), rounding: otherOrder },
  // A batch of 30 is what 2, 3 and 5 threads share evenly: each sums a filter gradient over images of its own.
  { name: 'a convolution of stride 2 to 64 channels', compute: convolution([7, 11, 9, 32], [3, 3, 32, 64], 2), rounding: otherOrder },
  { name: 'a convolution of stride 2, shared', compute: convolution([30, 11, 9, 32], [3, 3, 32, 48], 2), rounding: otherOrder },
  { name: 'a convolution of stride 2, not shared', compute: convolution([7, 11, 9, 32], [3, 3, 32, 48], 2), rounding: otherOrder },
  { name: 'a convolution of 1 x 1', compute: convolution([30, 11, 9, 32], [1, 1, 32, 64], 2), rounding: otherOrder },
  {
    name: 'a convolution with batch norm folded in',
    compute: () => {
      const norm = { gamma: random([64], 3), beta: random([64], 4), runningMean: random([64], 5), runningVariance: tf.ones([64]) };
      const variables = Object.fromEntries(Object.entries(norm).map(([name, value]) => [name, tf.variable(value)])) as never;
      const options = { isTraining: false, padding: 1, relu: true, residual: activations([7, 9, 7, 64], 6) };
      return [convBatchNorm(activations([7, 9, 7, 64], 1), random<tf.Rank.R4>([3, 3, 64, 64], 2), variables, options)];
    },
    rounding: otherOrder,
  },
  { name: 'batch norm', compute: batchNormOf([7, 19, 13, 40], 1, false, false) },
  { name: 'batch norm of two groups with ReLU', compute: batchNormOf([14, 28, 13, 67], 2, false, true) },
  { name: 'batch norm of three groups with residual and ReLU', compute: batchNormOf([21, 9, 8, 64], 3, true, true) },
  {
    name: 'maximum pooling',
    compute: () => withGradients((x: tf.Tensor4D) => maxPool2d(x, { size: 3, stride: 2, padding: 1 }), [activations([7, 11, 10, 37], 1)]),
  },
  {
    name: 'steps of SGD',
    compute: () =>
      optimiserSteps((parameter, gradient, [momentum]) =>
        sgdStep([{ parameter, gradient, momentum }], { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 }),
      ),
  },
  {
    name: 'steps of Adam',
    compute: () =>
      optimiserSteps((parameter, gradient, [first, second]) => {
        const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-4, step: 1 };
        adamStep([{ parameter, gradient, first, second }], options);
      }),
  },
  { name: 'NT-Xent', compute: () => withGradients((x: tf.Tensor2D) => ntXent(x, 0.5), [rows(94, 37)]), rounding: productOrder },
  {
    name: 'the angular margin',
    compute: () => {
      const term = { marginRadians: 1.5, positiveWeight: 1, negativeWeight: 2, reduction: 'mean' } as const;
      return withGradients((x: tf.Tensor2D) => angularMargin(x, classes(47), term), [rows(47, 37)]);
    },
    rounding: productOrder,
  },
  { name: 'softmax cross-entropy', compute: () => withGradients((x: tf.Tensor2D) => softmaxCrossEntropy(x, classes(47)), [rows(47, 37)]) },
  { name: 'softmax', compute: () => [tf.softmax(rows(997, 13)), tf.logSoftmax(rows(997, 13))] },
  {
    name: 'noise',
    compute: () => [
      gaussianNoise<tf.Rank.R2>(
        Uint32Array.from({ length: 14 }, (_, i) => 7919 * i),
        [1, 2, 3, 4, 5, 6, 7],
        [7, 9_701],
      ),
    ],
  },
  ...(['bilinear', 'nearest'] as const).map((method) => ({
    name: `crops resized, ${method}`,
    compute: () => {
      const boxes = tf.tensor2d(
        scatter(28, 2, 0.6).map((v, i) => (i % 4 < 2 ? 0.3 : 0.7) + 0.5 * v),
        [7, 4],
      );
      const which = tf.tensor1d([0, 2, 1, 0, 1, 2, 0], 'int32');
      return [tf.image.cropAndResize(random<tf.Rank.R4>([3, 23, 17, 3], 1), boxes, which, [19, 13], method, -1)];
    },
  })),
];

/** Leaves no number of the run before in free memory, large or small: what a kernel fails to write is then not finite. */
function poison(): void {
  const sizes = [...Array.from({ length: 40 }, (_, i) => 300 * (i + 1)), ...new Array(8).fill(1 << 19)];
  tf.dispose(sizes.map((size) => tf.fill([size], Number.NaN)));
}

async function computed({ compute }: Case, precision: Precision, threads: number): Promise<Float32Array[]> {
  await setBackend({ backend: 'libtorch', precision, threads });
  poison();
  // Read outside of tidy, which would visit every number of an array that it returns.
  const tensors = tf.tidy(compute);
  const values = tensors.map((tensor) => tensor.dataSync<'float32'>());
  tf.dispose(tensors);
  return values;
}

const bits = (values: Float32Array[]): Buffer => Buffer.concat(values.map(({ buffer }) => new Uint8Array(buffer)));

/** The largest difference between values of the same tensor, as a share of the tensor's largest value. */
function largestDifference(a: Float32Array[], b: Float32Array[]): number {
  const largest = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return Math.max(...a.map((values, i) => largest(values.map((v, at) => v - b[i][at])) / largest(b[i])));
}

describe.skipIf(!hasLibtorch)('kernels on several threads on libtorch (skipped where the addon is not built)', () => {
  afterAll(async () => {
    await setBackend({ backend: 'libtorch', precision: 'float32' });
  });

  describe.each(precisions)('at %s', (precision) => {
    it.each(cases)(
      '$name: what one thread computes, and bit for bit the same again',
      async (one) => {
        const alone = await computed(one, precision, 1);
        expect(alone.every((values) => values.every(Number.isFinite))).toBe(true);
        // In bfloat16 a sum that is off by a rounding of float32 may fall to the other side: one part in 2^8 of the value.
        const rounding = one.rounding && (precision === 'bfloat16' ? 2 ** -8 : one.rounding);
        for (const threads of threadCounts) {
          const together = await computed(one, precision, threads);
          if (rounding) expect(largestDifference(together, alone)).toBeLessThan(rounding);
          else expect(bits(together).equals(bits(alone))).toBe(true);
          expect(bits(await computed(one, precision, threads)).equals(bits(together))).toBe(true);
        }
      },
      patience,
    );
  });

  it.runIf(precisions.length > 1)(
    'Winograd’s algorithm in our own loops gives the same bits with any number of threads',
    async () => {
      const one: Case = { name: '', compute: convolution([7, 9, 7, 64], [3, 3, 64, 192], 1) };
      const alone = bits(await computed(one, 'bfloat16', 1));
      for (const threads of threadCounts) expect(bits(await computed(one, 'bfloat16', threads)).equals(alone)).toBe(true);
    },
    patience,
  );
});
