import * as tf from '@tensorflow/tfjs-core';
import { hasNativeKernel, runKernels } from './nativeKernel.js';

/** A variable that follows another tensor of its shape. */
export interface MovingAverageEntry {
  average: tf.Variable;
  value: tf.Tensor;
}

/**
 * Exponential moving averages in place: `average = momentum average + (1 - momentum) value`; momentum 1 leaves them as they are.
 *
 * Native kernel `AudiosslMovingAverage`: inputs a flat list [average0, value0, average1, value1, ...]; attrs momentum; no outputs: it
 * changes the data of every average in place, under the same conditions as `AudiosslSgdStep`. One pass, no temporary.
 */
export function movingAverage(entries: readonly MovingAverageEntry[], momentum: number): void {
  if (entries.length === 0) return;
  if (hasNativeKernel('AudiosslMovingAverage')) {
    const inputs = entries.flatMap(({ average, value }) => [average, value]);
    runKernels('AudiosslMovingAverage', inputs, { momentum });
    return;
  }
  for (const { average, value } of entries) {
    tf.tidy(() => average.assign(tf.add(tf.mul(average, momentum), tf.mul(value, 1 - momentum))));
  }
}
