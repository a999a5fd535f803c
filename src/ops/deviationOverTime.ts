import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** Below it a deviation counts as none: what does not move gets no gradient instead of one without end. */
const smallest = 1e-12;

/**
 * Standard deviation over time, of the population: `[batch, time, channel]` -> `[batch, channel]`. No constant is added under the root:
 * where nothing moves it is 0, with gradient 0.
 */
export function deviationOverTime(x: tf.Tensor3D): tf.Tensor2D {
  return differentiable([x], (save) => {
    const centred = tf.sub(x, tf.mean(x, 1, true));
    const deviation = tf.sqrt(tf.mean(tf.square(centred), 1, true)); // [batch, 1, channel]
    save([centred, deviation]);
    return {
      value: tf.squeeze<tf.Tensor2D>(deviation, [1]),
      backward: (dy, [centred, deviation]) => {
        const scale = tf.div(tf.expandDims(dy, 1), tf.mul(tf.maximum(deviation, smallest), x.shape[1]));
        return [tf.mul(centred, scale)];
      },
    };
  });
}
