import * as tf from '@tensorflow/tfjs-core';
import { type AngularMarginTerm, angularMargin } from '../ops/angularMargin.js';
import { pairLabels } from '../ops/rows.js';
import { AudiosslError } from '../util/errors.js';
import { requirePairs } from './pairRows.js';

export interface AngularMarginOptions {
  /** Negatives nearer than this angle are pushed away. */
  marginRadians?: number;
  /**
   * mean: `positiveWeight x mean over positives of theta^2 + negativeWeight x mean over negatives of max(0, margin - theta)^2`,
   * independent of the batch size. authorsSum: `(sum over positives + sum over negatives) / divisor`, as in the authors' code.
   */
  reduction?: 'mean' | 'authorsSum';
  positiveWeight?: number;
  negativeWeight?: number;
  /** Of authorsSum only. */
  divisor?: number;
}

export function marginTerm(who: string, options: Required<AngularMarginOptions>): AngularMarginTerm {
  const { marginRadians, reduction, positiveWeight, negativeWeight, divisor } = options;
  if (!(marginRadians >= 0 && marginRadians <= Math.PI)) {
    throw new AudiosslError(`${who}: marginRadians must be in 0 .. pi, got ${marginRadians}`);
  }
  return reduction === 'mean'
    ? { marginRadians, positiveWeight, negativeWeight, reduction: 'mean' }
    : { marginRadians, positiveWeight: 1 / divisor, negativeWeight: 1 / divisor, reduction: 'sum' };
}

/**
 * The angular margin term of the angular contrastive loss (ACL; Wang, Tripathy & Mesaros 2023, "Self-Supervised Learning of Audio
 * Representations Using Angular Contrastive Loss", equation 2, over all ordered pairs of rows): positive pairs are pulled together by their
 * squared angle, negatives nearer than the margin are pushed apart. Row i of `a` and row i of `b` are a positive pair. Rows may have any
 * length; the authors take the L2-normalised embeddings h.
 *
 * The default weights equal the authors' code (sums divided by 25) at 128 pairs: 256 / 25 positives, 65024 / 25 negatives.
 * Finite with finite gradients everywhere, also at equal and opposite rows, where the authors' arccos gives NaN in float32.
 *
 * @param a first views `[n, dim]`, n >= 2; `b` second views
 *
 * @example
 * ```ts
 * import { angularMarginLoss, tf } from 'audiossl';
 * const a = tf.tensor2d([[1, 0], [0, 1]]);
 * angularMarginLoss(a, a); // => 0
 * ```
 */
export function angularMarginLoss(a: tf.Tensor2D, b: tf.Tensor2D, options: AngularMarginOptions = {}): tf.Scalar {
  requirePairs('angularMarginLoss', a, b);
  const { marginRadians = 0.5, reduction = 'mean', positiveWeight = 10.24, negativeWeight = 2600.96, divisor = 25 } = options;
  const term = marginTerm('angularMarginLoss', { marginRadians, reduction, positiveWeight, negativeWeight, divisor });
  return tf.tidy(() => angularMargin(tf.concat([a, b], 0), pairLabels(a.shape[0]), term));
}
