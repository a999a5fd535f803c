import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { deviationOverTime } from '../ops/deviationOverTime.js';
import { globalAveragePool } from '../ops/globalAveragePool.js';

export const poolingNames = ['mean', 'meanMax', 'meanDeviation'] as const;
export type Pooling = (typeof poolingNames)[number];

export const poolingOption = z
  .enum(poolingNames)
  .describe(
    'how a map becomes h: mean = over time and mel; meanMax = with the maximum beside it, meanDeviation = with the standard deviation over time of the mean over mel beside it, h twice as long',
  );

/** Length of h for a map of so many channels. */
export const pooledLength = (pooling: Pooling, channels: number): number => (pooling === 'mean' ? 1 : 2) * channels;

/** A map `[batch, time, mel, channel]` -> h `[batch, pooledLength]`. The mean comes first, so that every kind begins with the same values. */
export function poolMap(pooling: Pooling, map: tf.Tensor4D): tf.Tensor2D {
  switch (pooling) {
    case 'mean':
      return globalAveragePool(map);
    case 'meanMax':
      return tf.concat([globalAveragePool(map), tf.max<tf.Tensor2D>(map, [1, 2])], 1);
    case 'meanDeviation':
      return tf.concat([globalAveragePool(map), deviationOverTime(tf.mean<tf.Tensor3D>(map, 2))], 1);
  }
}
