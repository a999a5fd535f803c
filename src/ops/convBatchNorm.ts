import * as tf from '@tensorflow/tfjs-core';
import { batchNorm } from './batchNorm.js';
import { conv2d } from './conv2d.js';
import { hasNativeKernel, runKernel } from './nativeKernel.js';
import { type Padding, padBefore, paddingSides, planPadding } from './padding.js';

/** The five tensors of a batch norm layer, `[channel]` each. */
export interface BatchNormTensors {
  gamma: tf.Variable;
  beta: tf.Variable;
  runningMean: tf.Variable;
  runningVariance: tf.Variable;
}

export interface ConvBatchNormOptions {
  isTraining: boolean;
  groups?: number;
  stride?: number;
  padding?: Padding;
  hasInputGradient?: boolean;
  residual?: tf.Tensor4D;
  relu?: boolean;
  epsilon?: number;
  momentum?: number;
}

/**
 * Convolution (no bias), batch norm, then residual and ReLU if asked for: see `conv2d` and `batchNorm`.
 *
 * Without training and outside of gradients the batch norm is folded into the convolution: filter x scale, bias = beta - mean x scale,
 * scale = gamma / sqrt(variance + epsilon) a channel; equal within rounding, one pass over the activations fewer.
 *
 * Native kernel of that case, `AudiosslConvBatchNorm`: inputs x, filter (HWIO), gamma, beta, runningMean, runningVariance, residual?;
 * attrs strides [s, s], pad [[top, bottom], [left, right]], epsilon, relu; output y. The composite is tfjs's `FusedConv2D`.
 *
 * @param x `[batch, time, mel, in]`; `filter` `[height, width, in, out]`
 */
export function convBatchNorm(x: tf.Tensor4D, filter: tf.Tensor4D, norm: BatchNormTensors, options: ConvBatchNormOptions): tf.Tensor4D {
  const { isTraining, stride = 1, padding = 0, residual, relu = false, epsilon = 1e-5 } = options;
  const { gamma, beta, runningMean, runningVariance } = norm;
  if (isTraining || tf.engine().isTapeOn()) {
    const convolved = conv2d(x, filter, options);
    return batchNorm(convolved, gamma as tf.Tensor1D, beta as tf.Tensor1D, runningMean, runningVariance, options);
  }
  if (hasNativeKernel('AudiosslConvBatchNorm')) {
    const attributes = { strides: [stride, stride], pad: paddingSides(padding), epsilon, relu };
    return runKernel('AudiosslConvBatchNorm', { x, filter, gamma, beta, runningMean, runningVariance, residual }, attributes);
  }
  return tf.tidy(() => {
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(runningVariance, epsilon)));
    const plan = planPadding(padding);
    const y = runKernel<tf.Tensor4D>(
      'FusedConv2D',
      { x: padBefore(x, plan), filter: tf.mul(filter, scale), bias: tf.sub(beta, tf.mul(runningMean, scale)) },
      {
        strides: [stride, stride],
        pad: plan.attribute,
        dataFormat: 'NHWC',
        dilations: [1, 1],
        activation: relu && residual === undefined ? 'relu' : 'linear',
      },
    );
    if (residual === undefined) return y;
    const sum = tf.add<tf.Tensor4D>(y, residual);
    return relu ? tf.relu(sum) : sum;
  });
}
