import type * as tf from '@tensorflow/tfjs-core';
import { runKernel } from './nativeKernel.js';
import { cropPadding, type Padding, padBefore, planPadding } from './padding.js';
import { applyReader, type Reader } from './reader.js';

export interface MaxPool2dOptions {
  /** Window `[time, mel]`, or one number for both. */
  size: number | [number, number];
  /** Default: the window, so that windows do not overlap. */
  stride?: number | [number, number];
  /** The padding never wins: it counts as minus infinity. */
  padding?: Padding;
}

const pair = (value: number | [number, number]): [number, number] => (typeof value === 'number' ? [value, value] : value);

/** The lowest finite float32: minus infinity would turn into NaN where a backend multiplies by it. */
const lowest = -3.4028234663852886e38;

/**
 * Maximum over windows, PyTorch's `max_pool2d` (incomplete windows at the end are dropped).
 *
 * Runs tfjs's own kernels: `MaxPool` {x}, `MaxPoolGrad` {dy, input, output}, attrs filterSize, strides, pad as in `conv2d`.
 *
 * @param x `[batch, time, mel, channel]`
 */
export function maxPool2d(x: tf.Tensor4D, options: MaxPool2dOptions): tf.Tensor4D {
  return applyReader(x, maxPool2dReader(options));
}

/** The pooling as what reads another op's result: see `batchNormInto`. */
export function maxPool2dReader({ size, stride = size, padding = 0 }: MaxPool2dOptions): Reader {
  const plan = planPadding(padding);
  const attributes = { filterSize: pair(size), strides: pair(stride), pad: plan.attribute };
  return {
    inputs: [],
    savesValue: true,
    run: (x) => runKernel<tf.Tensor4D>('MaxPool', { x: padBefore(x, plan, lowest) }, attributes),
    backward: (dy, x, _, output) => {
      const input = padBefore(x, plan, lowest);
      return [cropPadding(runKernel<tf.Tensor4D>('MaxPoolGrad', { dy, input, output }, attributes), plan, x.shape)];
    },
  };
}
