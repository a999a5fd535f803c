import type * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { normaliseRows, normaliseRowsBackward } from './rows.js';

/** Rows divided by their lengths, `[rows, dim]`. Rows shorter than 1e-12 count as zero and get no gradient. */
export function unitRows(x: tf.Tensor2D): tf.Tensor2D {
  return differentiable([x], (save) => {
    const { unit, inverseNorm } = normaliseRows(x);
    save([unit, inverseNorm]);
    return {
      value: unit,
      backward: (dy, [unit, inverseNorm]) => [
        normaliseRowsBackward(dy, { unit: unit as tf.Tensor2D, inverseNorm: inverseNorm as tf.Tensor2D }),
      ],
    };
  });
}
