import type * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { runKernel } from './nativeKernel.js';
import { cropPadding, type Padding, padBefore, planPadding } from './padding.js';

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
export function maxPool2d(x: tf.Tensor4D, { size, stride = size, padding = 0 }: MaxPool2dOptions): tf.Tensor4D {
  const plan = planPadding(padding);
  const attributes = { filterSize: pair(size), strides: pair(stride), pad: plan.attribute };
  const { shape } = x;
  return differentiable([x], (save) => {
    const value = runKernel<tf.Tensor4D>('MaxPool', { x: padBefore(x, plan, lowest) }, attributes);
    save([x, value]);
    const backward = (dy: tf.Tensor4D, [x, output]: tf.Tensor[]): tf.Tensor[] => {
      const input = padBefore(x as tf.Tensor4D, plan, lowest);
      return [cropPadding(runKernel<tf.Tensor4D>('MaxPoolGrad', { dy, input, output }, attributes), plan, shape)];
    };
    return { value, backward };
  });
}
