import type * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import { runKernel } from './nativeKernel.js';
import { cropPadding, type Padding, padBefore, planPadding } from './padding.js';
import { applyReader, type Reader } from './reader.js';

export interface Conv2dOptions {
  stride?: number;
  padding?: Padding;
  /** False for the first layer: dL/dx of the input patches is never needed and costs as much as the layer itself. */
  hasInputGradient?: boolean;
}

/**
 * 2-D convolution without bias, PyTorch's `conv2d` (a cross-correlation).
 *
 * Runs tfjs's own kernels everywhere: `Conv2D` forward; `Conv2DBackpropFilter` {x, dy} and `Conv2DBackpropInput` {dy, filter} backward,
 * with attrs strides [s, s], pad 'valid' or [[0, 0], [top, bottom], [left, right], [0, 0]], dataFormat 'NHWC', and filterShape or
 * inputShape. Saved for backward: x (unpadded) and the filter.
 *
 * @param x `[batch, time, mel, in]`
 * @param filter `[height, width, in, out]`
 * @returns `[batch, floor((time + padding - height) / stride) + 1, ..., out]`
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions = {}): tf.Tensor4D {
  return applyReader(x, conv2dReader(filter, options), options.hasInputGradient ?? true);
}

/** The convolution by a filter as what reads another op's result: see `batchNormInto`. */
export function conv2dReader(filter: tf.Tensor4D, { stride = 1, padding = 0, hasInputGradient = true }: Conv2dOptions = {}): Reader {
  const plan = planPadding(padding);
  const attributes = { strides: [stride, stride], pad: plan.attribute, dataFormat: 'NHWC', dilations: [1, 1] };
  const { shape: filterShape } = filter;
  return {
    inputs: [filter],
    savesValue: false,
    run: (x) => {
      if (x.shape[3] !== filterShape[2]) {
        throw new AudiosslError(`conv2d: filter [${filterShape}] must take as many channels as x [${x.shape}] has`);
      }
      return runKernel<tf.Tensor4D>('Conv2D', { x: padBefore(x, plan), filter }, attributes);
    },
    backward: (dy, x, [filter]) => {
      const padded = padBefore(x, plan);
      const dFilter = runKernel<tf.Tensor4D>('Conv2DBackpropFilter', { x: padded, dy }, { ...attributes, filterShape });
      if (!hasInputGradient) return [undefined, dFilter];
      const dx = runKernel<tf.Tensor4D>('Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape: padded.shape });
      return [cropPadding(dx, plan, x.shape), dFilter];
    },
  };
}
