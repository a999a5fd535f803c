import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { hasNativeKernel, runKernels } from './nativeKernel.js';
import { normaliseRows, normaliseRowsBackward, pairLabels, pairMasks } from './rows.js';

/**
 * NT-Xent over a batch of `2 N` rows, row i's positive being row (i + N) mod 2 N: with s = cosines / temperature, the mean over rows of
 * `log(sum over k != i of exp(s_ik)) - s_i,positive`. Differentiable by the rows.
 *
 * Native kernel `AudiosslNtXent`: inputs x [2N, dim] (raw; rows shorter than 1e-12 count as zero and get no gradient); attrs temperature;
 * outputs [loss (scalar), dX [2N, dim]]. With u = x / |x|, P the softmax of s without the diagonal and Y the positive:
 * dU = (D + D^T) u / temperature, D = (P - Y) / 2N; dX = (dU - (dU . u) u) / |x|.
 */
export function ntXent(x: tf.Tensor2D, temperature: number): tf.Scalar {
  return differentiable([x], (save) => {
    const [loss, dX] = hasNativeKernel('AudiosslNtXent') ? runKernels('AudiosslNtXent', { x }, { temperature }) : composite(x, temperature);
    save([dX]);
    return { value: loss as tf.Scalar, backward: (dy, [dX]) => [tf.mul(dX, dy)] };
  });
}

/** Far below any s, and its exponential is exactly 0. */
const excluded = -1e9;

function composite(x: tf.Tensor2D, temperature: number): tf.Tensor[] {
  const rows = x.shape[0];
  const normalised = normaliseRows(x);
  const { unit } = normalised;
  const { isSelf, isPositive } = pairMasks(pairLabels(rows / 2));
  const s = tf.div(tf.matMul(unit, unit, false, true), temperature);
  const others = tf.add(s, tf.mul(isSelf, excluded));
  const largest = tf.max(others, 1, true);
  const exponentials = tf.exp(tf.sub(others, largest));
  const sums = tf.sum(exponentials, 1, true);
  const logSumExp = tf.add(tf.log(sums), largest);
  const loss = tf.div(tf.sub(tf.sum(logSumExp), tf.sum(tf.mul(s, isPositive))), rows);

  const d = tf.div(tf.sub(tf.div(exponentials, sums), isPositive), rows * temperature) as tf.Tensor2D;
  const dUnit = tf.add<tf.Tensor2D>(tf.matMul(d, unit), tf.matMul(d, unit, true));
  return [loss, normaliseRowsBackward(dUnit, normalised)];
}
