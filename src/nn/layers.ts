import * as tf from '@tensorflow/tfjs-core';
import { batchNorm } from '../ops/batchNorm.js';
import { batchNormInto } from '../ops/batchNormInto.js';
import { biasAdd } from '../ops/biasAdd.js';
import { type Conv2dOptions, conv2d, conv2dReader } from '../ops/conv2d.js';
import { type BatchNormTensors, type ConvBatchNormOptions, convBatchNorm } from '../ops/convBatchNorm.js';
import type { DropoutKey } from '../ops/dropout.js';
import { type MaxPool2dOptions, maxPool2d, maxPool2dReader } from '../ops/maxPool2d.js';
import { type Initialiser, type Parameters, parameter } from './parameters.js';

/** How a forward pass runs. */
export interface ForwardOptions {
  /** True: batch statistics, running ones updated. False: running statistics. */
  isTraining: boolean;
  /** Batch-norm statistics over each of so many equal parts of the batch (2 = both views of a step). Default 1. */
  groups?: number;
  /** Names the masks of the layers with dropout in training. Without it nothing is dropped: batch statistics alone make the training mode. */
  dropout?: DropoutKey;
}

/** `weight` `[in, out]` and `bias` `[out]`, both uniform within 1 / sqrt(in) (PyTorch's default). */
export function addLinear({ uniform }: Initialiser, path: string, [inputSize, outputSize]: [number, number]): void {
  const bound = 1 / Math.sqrt(inputSize);
  uniform(`${path}weight`, [inputSize, outputSize], bound);
  uniform(`${path}bias`, [outputSize], bound);
}

/** `x weight + bias`: `[batch, in]` -> `[batch, out]`. `path` ends with a dot unless empty. */
export function linear(parameters: Parameters, path: string, x: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.matMul(x, parameter<tf.Rank.R2>(parameters, `${path}weight`)), parameter(parameters, `${path}bias`));
}

/** Scale 1, shift 0, running mean 0, running variance 1. */
export function addBatchNorm({ constant }: Initialiser, path: string, channels: number): void {
  constant(`${path}weight`, [channels], 1);
  constant(`${path}bias`, [channels], 0);
  constant(`${path}running_mean`, [channels], 0, false);
  constant(`${path}running_var`, [channels], 1, false);
}

function batchNormTensors(parameters: Parameters, path: string): BatchNormTensors {
  return {
    gamma: parameter(parameters, `${path}weight`),
    beta: parameter(parameters, `${path}bias`),
    runningMean: parameter(parameters, `${path}running_mean`),
    runningVariance: parameter(parameters, `${path}running_var`),
  };
}

/** Batch norm and ReLU of `[batch, ..., channel]`. */
export function batchNormRelu<T extends tf.Tensor2D | tf.Tensor4D>(parameters: Parameters, path: string, x: T, options: ForwardOptions): T {
  const { gamma, beta, runningMean, runningVariance } = batchNormTensors(parameters, path);
  return batchNorm(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, runningMean, runningVariance, { ...options, relu: true });
}

/** Kaiming's normal initialisation, fan-out, for ReLU: standard deviation sqrt(2 / (size^2 out)). */
export function addConvKaiming({ normal }: Initialiser, path: string, [size, inputs, outputs]: [number, number, number]): void {
  normal(`${path}weight`, [size, size, inputs, outputs], Math.sqrt(2 / (size * size * outputs)));
}

/** PyTorch's default initialisation of a convolution: uniform within 1 / sqrt(size^2 in). */
export function addConvUniform({ uniform }: Initialiser, path: string, [size, inputs, outputs]: [number, number, number]): void {
  uniform(`${path}weight`, [size, size, inputs, outputs], 1 / Math.sqrt(size * size * inputs));
}

/** `weight` `[size, size, in, out]` and `bias` `[out]`, PyTorch's default initialisation. */
export function addConvBias(initialiser: Initialiser, path: string, [size, inputs, outputs]: [number, number, number]): void {
  addConvUniform(initialiser, path, [size, inputs, outputs]);
  initialiser.uniform(`${path}bias`, [outputs], 1 / Math.sqrt(size * size * inputs));
}

/** Convolution with bias. `[batch, time, mel, in]` -> `[batch, ..., out]` */
export function convBias(parameters: Parameters, path: string, x: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const convolved = conv2d(x, parameter<tf.Rank.R4>(parameters, `${path}weight`), options);
  return biasAdd(convolved, parameter(parameters, `${path}bias`));
}

/** Paths of a convolution and of the batch norm behind it, each ending with a dot. */
export interface ConvNormPaths {
  conv: string;
  norm: string;
}

/** Convolution without bias, batch norm, then residual and ReLU if asked for. `[batch, time, mel, in]` -> `[batch, ..., out]` */
export function convNorm(
  parameters: Parameters,
  { conv, norm }: ConvNormPaths,
  x: tf.Tensor4D,
  options: ConvBatchNormOptions,
): tf.Tensor4D {
  return convBatchNorm(x, parameter<tf.Rank.R4>(parameters, `${conv}weight`), batchNormTensors(parameters, norm), options);
}

/** `convNorm` with ReLU, then the maximum over windows. In training only what is pooled is kept: see `batchNormInto`. */
export function convNormPool(
  parameters: Parameters,
  paths: ConvNormPaths,
  x: tf.Tensor4D,
  options: Omit<ConvBatchNormOptions, 'residual' | 'relu'>,
  pool: MaxPool2dOptions,
): tf.Tensor4D {
  if (!options.isTraining) return maxPool2d(convNorm(parameters, paths, x, { ...options, relu: true }), pool);
  const convolved = conv2d(x, parameter<tf.Rank.R4>(parameters, `${paths.conv}weight`), options);
  return batchNormInto(convolved, batchNormTensors(parameters, paths.norm), options, maxPool2dReader(pool));
}

/** `convNorm` with ReLU, then another that alone reads it. In training what is between the two is not kept: see `batchNormInto`. */
export function convNormTwice(
  parameters: Parameters,
  [first, second]: [ConvNormPaths, ConvNormPaths],
  x: tf.Tensor4D,
  options: Omit<ConvBatchNormOptions, 'residual' | 'relu'>,
  secondOptions: ConvBatchNormOptions,
): tf.Tensor4D {
  if (!options.isTraining) return convNorm(parameters, second, convNorm(parameters, first, x, { ...options, relu: true }), secondOptions);
  const [filter, nextFilter] = [first, second].map(({ conv }) => parameter<tf.Rank.R4>(parameters, `${conv}weight`));
  const reader = conv2dReader(nextFilter, secondOptions);
  const convolved = batchNormInto(conv2d(x, filter, options), batchNormTensors(parameters, first.norm), options, reader);
  const { gamma, beta, runningMean, runningVariance } = batchNormTensors(parameters, second.norm);
  return batchNorm(convolved, gamma as tf.Tensor1D, beta as tf.Tensor1D, runningMean, runningVariance, secondOptions);
}

/** Input values of a part: 16 patches of 101 x 96. */
const PART_VALUES = 150_000;
const MOST_PARTS = 4;

/**
 * Applies one stage after the other to a few parts of the batch in turn: what the first layers of a network make is many times as large as
 * what comes out in the end. In training, where it is all kept, as `runStages`.
 */
export function runStagesInParts(
  x: tf.Tensor4D,
  stages: readonly ((x: tf.Tensor4D) => tf.Tensor4D)[],
  { isTraining }: ForwardOptions,
): tf.Tensor4D {
  const batch = x.shape[0];
  const numParts = Math.min(MOST_PARTS, Math.floor(x.size / PART_VALUES), batch);
  if (isTraining || tf.engine().isTapeOn() || numParts < 2) return runStages(x, stages);
  return tf.tidy(() => {
    const starts = Array.from({ length: numParts + 1 }, (_, i) => Math.round((i * batch) / numParts));
    const parts = starts
      .slice(1)
      .map((end, i) => tf.tidy(() => runStages(tf.slice(x, [starts[i], 0, 0, 0], [end - starts[i], -1, -1, -1]), stages)));
    return tf.concat(parts, 0);
  });
}

/**
 * Applies one stage after the other, each in a tidy, and lets go of every result but the last as soon as the next is there.
 * What backward needs has been saved by the ops; without gradients only two activations are alive at a time.
 */
export function runStages(x: tf.Tensor4D, stages: readonly ((x: tf.Tensor4D) => tf.Tensor4D)[]): tf.Tensor4D {
  return stages.reduce((input, stage, i) => {
    const output = tf.tidy(() => stage(input));
    if (i > 0) input.dispose();
    return output;
  }, x);
}
