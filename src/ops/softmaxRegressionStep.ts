import * as tf from '@tensorflow/tfjs-core';
import { hasNativeKernel, runKernels } from './nativeKernel.js';
import { type SgdStepOptions, sgdStep } from './sgdStep.js';

/** A linear softmax classifier in training. */
export interface SoftmaxRegression {
  /** `[dim + 1, classes]`, the bias in the last row. */
  weights: tf.Variable<tf.Rank.R2>;
  /** As `weights`; zeros before the first step. */
  velocity: tf.Variable<tf.Rank.R2>;
}

/**
 * One step of stochastic gradient descent on multinomial logistic regression, in place: with x = [(h - mean) inverseDeviation, 1],
 * `g = x^T (softmax(x w) - oneHot) / rows + weightDecay w`, `v = momentum v + g`, `w = w - learningRate v`.
 *
 * Native kernel `AudiosslSoftmaxRegressionStep`: inputs weights, velocity, h `[rows, dim]`, labels int32 `[rows]`, each in 0 .. classes - 1
 * (not checked: that would wait for the device), mean and inverseDeviation `[dim]`; attrs learningRate, momentum, weightDecay; no outputs:
 * it changes the data of weights and velocity, as `AudiosslSgdStep` does.
 */
export function softmaxRegressionStep(
  { weights, velocity }: SoftmaxRegression,
  { h, labels, mean, inverseDeviation }: { h: tf.Tensor2D; labels: tf.Tensor1D; mean: tf.Tensor1D; inverseDeviation: tf.Tensor1D },
  options: SgdStepOptions,
): void {
  const { learningRate, momentum, weightDecay } = options;
  if (hasNativeKernel('AudiosslSoftmaxRegressionStep')) {
    const inputs = { weights, velocity, h, labels, mean, inverseDeviation };
    runKernels('AudiosslSoftmaxRegressionStep', inputs, { learningRate, momentum, weightDecay });
    return;
  }
  tf.tidy(() => {
    const [rows] = h.shape;
    const x = tf.concat([tf.mul<tf.Tensor2D>(tf.sub(h, mean), inverseDeviation), tf.ones<tf.Rank.R2>([rows, 1])], 1);
    const oneHot = tf.cast(tf.oneHot(labels, weights.shape[1]), 'float32');
    const error = tf.div<tf.Tensor2D>(tf.sub(tf.softmax(tf.matMul(x, weights as tf.Tensor2D)), oneHot), rows);
    sgdStep([{ parameter: weights, gradient: tf.matMul(x, error, true), momentum: velocity }], options);
  });
}
