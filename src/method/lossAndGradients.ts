import * as tf from '@tensorflow/tfjs-core';
import { type Parameters, watchingParameters } from '../nn/parameters.js';
import { valueAndGradients } from '../nn/valueAndGradients.js';
import type { BatchSpread } from '../parallel/BatchSpread.js';

/**
 * The gradients of `weight x loss` by the trainable parameters, and the values of it and of the other scalars that `compute` gives, for the log.
 * Whoever takes the gradients disposes of them.
 */
export function lossAndGradients<Scalars extends { loss: tf.Scalar } & { [Name in keyof Scalars]: tf.Scalar | undefined }>(
  trainable: Parameters,
  { weight, watch }: Pick<BatchSpread, 'weight' | 'watch'>,
  compute: () => Scalars,
): { values: { [Name in keyof Scalars]: number }; gradients: Map<string, tf.Tensor> } {
  // They are made inside the gradient's tidy, which would free them before they are read.
  const kept: { names: string[]; stacked: tf.Tensor }[] = [];
  const { value, gradients } = valueAndGradients(trainable, () => {
    const scalars = watchingParameters(watch, compute);
    kept.push({ names: Object.keys(scalars), stacked: tf.keep(tf.stack(Object.values<tf.Scalar>(scalars as Record<string, tf.Scalar>))) });
    return weight === 1 ? scalars.loss : tf.mul(scalars.loss, weight);
  });
  const [{ names, stacked }] = kept;
  const read = stacked.dataSync();
  tf.dispose([value, stacked]);
  return { values: Object.fromEntries(names.map((name, i) => [name, read[i]])) as { [Name in keyof Scalars]: number }, gradients };
}
