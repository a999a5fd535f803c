import * as tf from '@tensorflow/tfjs-core';
import { type AngularMarginOptions, angularMarginLoss } from './angularMarginLoss.js';
import { ntXentLoss } from './ntXentLoss.js';

/** Both views of a batch, first and second: `[n, dim]` each. */
export type ViewPair = readonly [tf.Tensor2D, tf.Tensor2D];

export interface AngularContrastiveOptions extends AngularMarginOptions {
  /** Of NT-Xent. */
  temperature?: number;
  /** The paper's alpha: 1 = NT-Xent alone, 0 = the margin term alone. */
  contrastiveWeight?: number;
  /** What the margin term sees: the embedding h or the projection z. */
  marginOn?: 'embedding' | 'projection';
}

/**
 * The angular contrastive loss (ACL; Wang, Tripathy & Mesaros 2023, "Self-Supervised Learning of Audio Representations Using Angular
 * Contrastive Loss"): `contrastiveWeight x NT-Xent(z) + (1 - contrastiveWeight) x angular margin(h)`, h and z normalised by the terms
 * themselves.
 *
 * @returns the total, to differentiate, and its two unweighted parts, for the log
 *
 * @example
 * ```ts
 * import { angularContrastiveLoss, tf } from 'audiossl';
 * const [a, b] = [tf.tensor2d([[1, 0], [0, 1]]), tf.tensor2d([[1, 0.1], [0, 1]])];
 * const { loss, contrastiveLoss, marginLoss } = angularContrastiveLoss({ embeddings: [a, b], projections: [a, b] });
 * [loss, contrastiveLoss, marginLoss].map((value) => value.dataSync()[0] > 0); // => [true, true, true]
 * ```
 */
export function angularContrastiveLoss(
  { embeddings, projections }: { embeddings: ViewPair; projections: ViewPair },
  options: AngularContrastiveOptions = {},
): { loss: tf.Scalar; contrastiveLoss: tf.Scalar; marginLoss: tf.Scalar } {
  const { temperature = 0.2, contrastiveWeight = 0.3, marginOn = 'embedding', ...margin } = options;
  return tf.tidy(() => {
    const contrastiveLoss = ntXentLoss(projections[0], projections[1], { temperature });
    const [a, b] = marginOn === 'embedding' ? embeddings : projections;
    const marginLoss = angularMarginLoss(a, b, margin);
    const loss = tf.add<tf.Scalar>(tf.mul(contrastiveLoss, contrastiveWeight), tf.mul(marginLoss, 1 - contrastiveWeight));
    return { loss, contrastiveLoss, marginLoss };
  });
}
