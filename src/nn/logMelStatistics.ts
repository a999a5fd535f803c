import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from './encoder.js';

/**
 * No network: h = mean and standard deviation over time of each mel band of a patch, `[batch, 2 nMels]`. It has no weights, so there is
 * nothing to train; evaluated under the same protocols as trained encoders, it says how much of their accuracy needs no learning at all.
 */
export function logMelStatistics({ nMels }: { nMels: number }): Encoder {
  return {
    name: 'logMelStatistics',
    embeddingSize: 2 * nMels,
    createParameters: () => new Map(),
    forward: (_parameters, views) =>
      tf.tidy(() => {
        // [batch, time, mel] -> [batch, mel] each
        const { mean, variance } = tf.moments(views, 1);
        return tf.concat([mean, tf.sqrt(variance)], 1) as tf.Tensor2D;
      }),
  };
}
