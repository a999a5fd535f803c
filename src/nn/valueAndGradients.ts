import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters.js';

/**
 * A scalar function's value and its gradients by the trainable parameters, under their paths; a parameter that the value does not
 * depend on is left out. The caller disposes of the value and the gradients.
 */
export function valueAndGradients(parameters: Parameters, f: () => tf.Scalar): { value: tf.Scalar; gradients: Map<string, tf.Tensor> } {
  const trainable = [...parameters].filter(([, variable]) => variable.trainable);
  const { value, grads } = tf.variableGrads(
    f,
    trainable.map(([, variable]) => variable),
  );
  const gradients = new Map<string, tf.Tensor>();
  for (const [path, variable] of trainable) {
    const gradient = grads[variable.name];
    if (gradient) gradients.set(path, gradient);
  }
  return { value, gradients };
}
