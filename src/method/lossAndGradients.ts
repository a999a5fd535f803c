import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import { valueAndGradients } from '../nn/valueAndGradients.js';

/**
 * The gradients of `loss` by the trainable parameters, and the values of it and of the other scalars that `compute` gives, for the log.
 * Whoever takes the gradients disposes of them.
 */
export function lossAndGradients<Scalars extends { loss: tf.Scalar } & Record<keyof Scalars, tf.Scalar>>(
  trainable: Parameters,
  compute: () => Scalars,
): { values: Record<keyof Scalars, number>; gradients: Map<string, tf.Tensor> } {
  // They are made inside the gradient's tidy, which would free them before they are read.
  const kept: { names: string[]; stacked: tf.Tensor }[] = [];
  const { value, gradients } = valueAndGradients(trainable, () => {
    const scalars: Record<string, tf.Scalar> & { loss: tf.Scalar } = compute();
    kept.push({ names: Object.keys(scalars), stacked: tf.keep(tf.stack(Object.values(scalars))) });
    return scalars.loss;
  });
  const [{ names, stacked }] = kept;
  const read = stacked.dataSync();
  tf.dispose([value, stacked]);
  return { values: Object.fromEntries(names.map((name, i) => [name, read[i]])) as Record<keyof Scalars, number>, gradients };
}
