import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { deviationOverTime } from '../ops/deviationOverTime.js';
import { globalAveragePool } from '../ops/globalAveragePool.js';

export const poolingNames = ['mean', 'meanMax', 'meanDeviation', 'lastTwo'] as const;
export type Pooling = (typeof poolingNames)[number];

export const poolingOption = z
  .enum(poolingNames)
  .describe(
    'how maps become h: mean = the last one over time and mel; meanMax = with its maximum beside it, meanDeviation = with the standard deviation over time of its mean over mel beside it, h twice as long; lastTwo = with the mean of the stage before it, h half as long again',
  );

/** Length of h for a last map of so many channels, and half as many in the stage before it. */
export function pooledLength(pooling: Pooling, channels: number): number {
  if (pooling === 'mean') return channels;
  return pooling === 'lastTwo' ? channels + channels / 2 : 2 * channels;
}

/**
 * Maps `[batch, time, mel, channel]` of the last stage and of the one before it -> h `[batch, pooledLength]`. The mean of the last comes
 * first, so that every kind begins with the same values.
 */
export function poolMaps(pooling: Pooling, { before, last }: { before: tf.Tensor4D; last: tf.Tensor4D }): tf.Tensor2D {
  const mean = globalAveragePool(last);
  switch (pooling) {
    case 'mean':
      return mean;
    case 'meanMax':
      return tf.concat([mean, tf.max<tf.Tensor2D>(last, [1, 2])], 1);
    case 'meanDeviation':
      return tf.concat([mean, deviationOverTime(tf.mean<tf.Tensor3D>(last, 2))], 1);
    case 'lastTwo':
      return tf.concat([mean, globalAveragePool(before)], 1);
  }
}
