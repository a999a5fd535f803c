import type * as tf from '@tensorflow/tfjs-core';
import { angularMargin } from '../ops/angularMargin.js';
import { AudiosslError } from '../util/errors.js';
import { type AngularMarginOptions, marginTerm } from './angularMarginLoss.js';

/**
 * The angular margin term with labels: every two rows of one label are a positive pair, all others negatives (all ordered pairs of
 * different rows). Where the batch has no positive pair that part is 0.
 *
 * The default weights equal the authors' code (sums divided by 50) at their batch of 64 with 20 equally frequent classes:
 * 64 x 63 / 20 / 50 positives, 64 x 63 x 19 / 20 / 50 negatives. `reduction: 'authorsSum'` divides the sums by `divisor` (50).
 *
 * @param embeddings `[rows, dim]`, of any length, 2 rows or more
 * @param labels int32 `[rows]`
 *
 * @example
 * ```ts
 * import { supervisedAngularMarginLoss, tf } from 'audiossl';
 * supervisedAngularMarginLoss(tf.tensor2d([[1, 0], [1, 0], [0, 1]]), tf.tensor1d([0, 0, 1], 'int32')); // => 0
 * ```
 */
export function supervisedAngularMarginLoss(embeddings: tf.Tensor2D, labels: tf.Tensor1D, options: AngularMarginOptions = {}): tf.Scalar {
  const rows = embeddings.shape[0];
  if (embeddings.rank !== 2 || rows < 2 || labels.dtype !== 'int32' || labels.size !== rows) {
    throw new AudiosslError(
      `supervisedAngularMarginLoss: needs embeddings [rows, dim] with 2 rows or more and a label of type int32 each, ` +
        `got [${embeddings.shape}] and [${labels.shape}] of ${labels.dtype}`,
    );
  }
  const { marginRadians = 0.5, reduction = 'mean', positiveWeight = 4.032, negativeWeight = 76.608, divisor = 50 } = options;
  const term = marginTerm('supervisedAngularMarginLoss', { marginRadians, reduction, positiveWeight, negativeWeight, divisor });
  return angularMargin(embeddings, labels, term);
}
