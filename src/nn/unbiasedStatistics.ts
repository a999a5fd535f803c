import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from './parameters.js';

/** Weight of a batch in the running statistics, PyTorch's and ours. */
const MOMENTUM = 0.1;
/** From so many updates on less than 0.6 % of the initial values is left in them. */
const ENOUGH_UPDATES = 50;

/**
 * Runs `work` with running statistics that leave out what they started with: after n updates a running value is
 * `0.9^n initial + (1 - 0.9^n) mean of the batches`, and with few updates the initial 0 and 1 stand for data that were never seen. Solved
 * for the mean of the batches, as Adam does for its moments (Kingma & Ba 2015, section 3). The statistics are afterwards what they were.
 *
 * @param numUpdates since they were 0 and 1; one a group of rows and step
 */
export async function withUnbiasedStatistics<T>(parameters: Parameters, numUpdates: number, work: () => Promise<T>): Promise<T> {
  if (numUpdates < 1 || numUpdates >= ENOUGH_UPDATES) return work();
  const left = (1 - MOMENTUM) ** numUpdates;
  const before = new Map<tf.Variable, tf.Tensor>();
  for (const [name, variable] of parameters) {
    const initial = name.endsWith('running_mean') ? 0 : name.endsWith('running_var') ? 1 : undefined;
    if (initial === undefined) continue;
    before.set(
      variable,
      tf.tidy(() => tf.mul(variable, 1)),
    );
    tf.tidy(() => {
      const mean = tf.div(tf.sub(variable, initial * left), 1 - left);
      // Rounding may take a variance of nearly 0 below it.
      variable.assign(initial === 1 ? tf.maximum(mean, 0) : mean);
    });
  }
  try {
    return await work();
  } finally {
    for (const [variable, value] of before) {
      variable.assign(value);
      value.dispose();
    }
  }
}
