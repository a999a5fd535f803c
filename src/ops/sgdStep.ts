import * as tf from '@tensorflow/tfjs-core';
import { hasNativeKernel, runKernels } from './nativeKernel.js';

/** One parameter of an SGD step. The three have one shape. */
export interface SgdEntry {
  parameter: tf.Variable;
  gradient: tf.Tensor;
  /** Zeros before the first step. */
  momentum: tf.Variable;
}

export interface SgdStepOptions {
  learningRate: number;
  momentum: number;
  weightDecay: number;
}

/**
 * One step of stochastic gradient descent over all parameters, in place, as PyTorch's SGD (coupled weight decay, no dampening):
 * `v = momentum v + (g + weightDecay w)`, `w = w - learningRate v`.
 *
 * Native kernel `AudiosslSgdStep`: inputs a flat list [w0, g0, v0, w1, g1, v1, ...]; attrs learningRate, momentum, weightDecay; no
 * outputs: it changes the data of every w and v in place. Called only after the gradients are complete, when nothing holds the
 * parameters' data but the variables themselves.
 */
export function sgdStep(entries: readonly SgdEntry[], { learningRate, momentum, weightDecay }: SgdStepOptions): void {
  if (entries.length === 0) return;
  if (hasNativeKernel('AudiosslSgdStep')) {
    const inputs = entries.flatMap(({ parameter, gradient, momentum: velocity }) => [parameter, gradient, velocity]);
    runKernels('AudiosslSgdStep', inputs, { learningRate, momentum, weightDecay });
    return;
  }
  for (const { parameter, gradient, momentum: velocity } of entries) {
    tf.tidy(() => {
      const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, weightDecay));
      velocity.assign(momentum === 0 ? decayed : tf.add(tf.mul(velocity, momentum), decayed));
      parameter.assign(tf.sub(parameter, tf.mul(velocity, learningRate)));
    });
  }
}
