import type * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';

/**
 * An op of images x in a form that another op can take in: it reads x, which the other op made, and says how to come back. Who applies it
 * decides whether x is kept for backward or made again.
 */
export interface Reader {
  /** What else it is differentiated by. */
  inputs: tf.Tensor[];
  /** Whether `backward` reads the value. */
  savesValue: boolean;
  run: (x: tf.Tensor4D) => tf.Tensor4D;
  /** Gradients by x (undefined where none is wanted) and by each of `inputs`. `value` is given if `savesValue`. */
  backward: (dy: tf.Tensor4D, x: tf.Tensor4D, inputs: tf.Tensor4D[], value?: tf.Tensor4D) => [tf.Tensor4D | undefined, ...tf.Tensor[]];
}

/** The op by itself: x is saved for backward. */
export function applyReader(x: tf.Tensor4D, reader: Reader, hasInputGradient = true): tf.Tensor4D {
  const { inputs, savesValue } = reader;
  return differentiable(hasInputGradient ? [x, ...inputs] : inputs, (save) => {
    const value = reader.run(x);
    save([x, ...inputs, ...(savesValue ? [value] : [])]);
    const backward = (dy: tf.Tensor4D, [x, ...saved]: tf.Tensor[]): tf.Tensor[] => {
      const others = saved as tf.Tensor4D[];
      const [dx, ...gradients] = reader.backward(dy, x as tf.Tensor4D, others.slice(0, inputs.length), others[inputs.length]);
      return dx === undefined ? gradients : [dx, ...gradients];
    };
    return { value, backward };
  });
}
