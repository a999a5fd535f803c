import * as tf from '@tensorflow/tfjs-core';
import { hasNativeKernel, runKernels } from './nativeKernel.js';

/** One parameter of an Adam step. The four have one shape. */
export interface AdamEntry {
  parameter: tf.Variable;
  gradient: tf.Tensor;
  /** Running mean of the gradient; zeros before the first step. */
  first: tf.Variable;
  /** Running mean of the squared gradient; zeros before the first step. */
  second: tf.Variable;
}

export interface AdamStepOptions {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** 1 for the first step. */
  step: number;
}

/**
 * One step of Adam (Kingma & Ba 2015) over all parameters, in place, as PyTorch's Adam (weight decay coupled: added to the gradient):
 * `g += weightDecay w`, `m = beta1 m + (1 - beta1) g`, `s = beta2 s + (1 - beta2) g^2`,
 * `w -= (learningRate / (1 - beta1^step)) m / (sqrt(s) / sqrt(1 - beta2^step) + epsilon)`.
 *
 * Native kernel `AudiosslAdamStep`: inputs a flat list [w0, g0, m0, s0, w1, ...]; attrs learningRate, beta1, beta2, epsilon,
 * weightDecay, step; no outputs: it changes the data of every w, m and s in place, under the same conditions as `AudiosslSgdStep`.
 */
export function adamStep(entries: readonly AdamEntry[], options: AdamStepOptions): void {
  if (entries.length === 0) return;
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = options;
  if (hasNativeKernel('AudiosslAdamStep')) {
    const inputs = entries.flatMap(({ parameter, gradient, first, second }) => [parameter, gradient, first, second]);
    runKernels('AudiosslAdamStep', inputs, { learningRate, beta1, beta2, epsilon, weightDecay, step });
    return;
  }
  const stepSize = learningRate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  for (const { parameter, gradient, first, second } of entries) {
    tf.tidy(() => {
      const g = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, weightDecay));
      first.assign(tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1)));
      second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2)));
      const denominator = tf.add(tf.mul(tf.sqrt(second), correction), epsilon);
      parameter.assign(tf.sub(parameter, tf.mul(tf.div(first, denominator), stepSize)));
    });
  }
}
