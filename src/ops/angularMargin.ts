import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.js';
import { hasNativeKernel, runKernels } from './nativeKernel.js';
import { normaliseRows, normaliseRowsBackward, pairMasks } from './rows.js';

export interface AngularMarginTerm {
  /** Negatives nearer than this angle are pushed away. */
  marginRadians: number;
  positiveWeight: number;
  negativeWeight: number;
  /** mean: each weight times the mean over the pairs of its kind (0 where there are none). sum: times their sum. */
  reduction: 'mean' | 'sum';
}

/** Below this sine the direction of an angle's gradient is rounding noise of the cosine (float32: sqrt(2 x 6e-8) = 3.5e-4). */
const smallestSine = 1e-3;

/**
 * Angular margin over all ordered pairs of different rows, theta being the angle between them:
 * `positiveWeight x R over same labels of theta^2 + negativeWeight x R over other labels of max(0, margin - theta)^2`, R = mean or sum.
 * Differentiable by the rows; value and gradient are finite everywhere: theta = atan2(sine, cosine) instead of arccos, and the gradient is
 * 0 at the two places where it has no direction (negatives with equal, positives with opposite rows).
 *
 * Native kernel `AudiosslAngularMargin`: inputs x [rows, dim] (raw; rows shorter than 1e-12 count as zero and get no gradient), labels
 * int32 [rows]; attrs marginRadians, positiveWeight, negativeWeight, reduction; outputs [loss (scalar), dX [rows, dim]]. With u = x / |x|,
 * c = clip(u u^T, -1, 1), sine = sqrt((1 - c)(1 + c)), wp and wn the weights (over the number of pairs of the kind for mean):
 * D = -2 wp theta / max(sine, 1e-3) at positives, 2 wn max(0, margin - theta) / max(sine, 1e-3) at negatives, 0 on the diagonal;
 * dU = 2 D u; dX = (dU - (dU . u) u) / |x|.
 *
 * @param x `[rows, dim]`
 * @param labels int32 `[rows]`
 */
export function angularMargin(x: tf.Tensor2D, labels: tf.Tensor1D, term: AngularMarginTerm): tf.Scalar {
  return differentiable([x], (save) => {
    const { marginRadians, positiveWeight, negativeWeight, reduction } = term;
    const [loss, dX] = hasNativeKernel('AudiosslAngularMargin')
      ? runKernels('AudiosslAngularMargin', { x, labels }, { marginRadians, positiveWeight, negativeWeight, reduction })
      : composite(x, labels, term);
    save([dX]);
    return { value: loss as tf.Scalar, backward: (dy, [dX]) => [tf.mul(dX, dy)] };
  });
}

function composite(x: tf.Tensor2D, labels: tf.Tensor1D, term: AngularMarginTerm): tf.Tensor[] {
  const { marginRadians, positiveWeight, negativeWeight, reduction } = term;
  const normalised = normaliseRows(x);
  const { unit } = normalised;
  const { isPositive, isNegative } = pairMasks(labels);
  const cosine = tf.clipByValue(tf.matMul(unit, unit, false, true), -1, 1);
  const sine = tf.sqrt(tf.mul(tf.sub(1, cosine), tf.add(1, cosine)));
  const theta = tf.atan2(sine, cosine);
  const short = tf.relu(tf.sub(marginRadians, theta));

  const weigh = (isKind: tf.Tensor2D, weight: number): tf.Tensor =>
    tf.mul(isKind, reduction === 'mean' ? tf.div(weight, tf.maximum(tf.sum(isKind), 1)) : weight);
  const pull = tf.mul(weigh(isPositive, positiveWeight), theta);
  const push = tf.mul(weigh(isNegative, negativeWeight), short);
  const loss = tf.add(tf.sum(tf.mul(pull, theta)), tf.sum(tf.mul(push, short)));

  // d theta / d cosine = -1 / sine; each unordered pair stands twice in the sum, hence 2 x 2.
  const d = tf.div(tf.mul(tf.sub(push, pull), 4), tf.maximum(sine, smallestSine)) as tf.Tensor2D;
  return [loss, normaliseRowsBackward(tf.matMul(d, unit), normalised)];
}
