import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** Below this length the direction of the gradient is rounding noise of the cosine (float32: sqrt(2 x 6e-8) = 3.5e-4). */
export const shortestChord = 1e-3;

/**
 * Euclidean distances of unit rows from their cosines, `sqrt(2 - 2 c)`, 0 .. 2. In the gradient, `-1 / distance`, the distance is held
 * above 1e-3, so that it is finite at equal rows (which it does not move).
 */
export function chordLength<T extends tf.Tensor>(cosines: T): T {
  return differentiable([cosines], (save) => {
    const length = tf.sqrt<T>(tf.relu(tf.sub(2, tf.mul(cosines, 2))));
    save([length]);
    return { value: length, backward: (dy, [length]) => [tf.neg(tf.div(dy, tf.maximum(length, shortestChord)))] };
  });
}
