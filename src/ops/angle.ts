import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/** Below this sine the direction of an angle's gradient is rounding noise of the cosine (float32: sqrt(2 x 6e-8) = 3.5e-4). */
export const smallestSine = 1e-3;

/** Cosines, clipped to -1 .. 1, and the sines (0 or more) of the same angles. */
export function sineAndCosine(cosines: tf.Tensor): { sine: tf.Tensor; cosine: tf.Tensor } {
  const cosine = tf.clipByValue(cosines, -1, 1);
  return { sine: tf.sqrt(tf.mul(tf.sub(1, cosine), tf.add(1, cosine))), cosine };
}

/** Angles (radians) of cosines, exact at 0 and pi where arccos is not. Without a gradient of its own. */
export function angle(cosines: tf.Tensor): tf.Tensor {
  const { sine, cosine } = sineAndCosine(cosines);
  return tf.atan2(sine, cosine);
}

/**
 * `cos(theta + shift)` of the angles whose cosines are given; the gradient by the cosine, `sin(theta + shift) / sin(theta)`, has the sine
 * held above 1e-3, so that it is finite at equal and at opposite rows.
 */
export function cosineOfShifted<T extends tf.Tensor>(cosines: T, shiftRadians: number): T {
  const [cosShift, sinShift] = [Math.cos(shiftRadians), Math.sin(shiftRadians)];
  return differentiable([cosines], (save) => {
    const { sine, cosine } = sineAndCosine(cosines);
    save([tf.add(cosShift, tf.div(tf.mul(cosine, sinShift), tf.maximum(sine, smallestSine)))]);
    return {
      value: tf.sub(tf.mul(cosine, cosShift), tf.mul(sine, sinShift)) as T,
      backward: (dy, [slope]) => [tf.mul(dy, slope)],
    };
  });
}
