import * as tf from '@tensorflow/tfjs-core';
import type { AngularMarginOptions } from './angularMarginLoss.js';
import { crossEntropyLoss } from './crossEntropyLoss.js';
import { lqLoss } from './lqLoss.js';
import { maxThresholdLoss } from './maxThresholdLoss.js';
import { outlierLoss } from './outlierLoss.js';
import type { RobustOptions } from './robustOptions.js';
import { softBootstrapLoss } from './softBootstrapLoss.js';
import { supervisedAngularMarginLoss } from './supervisedAngularMarginLoss.js';

export interface CrossEntropyMarginOptions extends AngularMarginOptions {
  /** The paper's alpha: 1 = cross-entropy alone, 0 = the margin term alone. */
  crossEntropyWeight?: number;
  /** What takes the place of plain cross-entropy; null = nothing does. */
  robust?: RobustOptions | null;
}

/**
 * The supervised angular loss (Wang, Tripathy & Mesaros 2023, "Self-Supervised Learning of Audio Representations Using Angular Contrastive
 * Loss", its supervised part; supervised_ACL's code):
 * `crossEntropyWeight x cross-entropy(logits) + (1 - crossEntropyWeight) x angular margin(features)`. Rows that a robust variant of
 * cross-entropy leaves out still take part in the margin term.
 *
 * @param logits `[rows, classes]`
 * @param features what the margin acts on, `[rows, dim]`, of any length
 * @param labels int32 `[rows]`
 * @returns the total, to differentiate, its two unweighted parts and the number of rows that cross-entropy leaves out, for the log
 *
 * @example
 * ```ts
 * import { crossEntropyMarginLoss, tf } from 'audiossl';
 * const labels = tf.tensor1d([0, 0, 1], 'int32');
 * const features = tf.tensor2d([[1, 0], [1, 0.1], [0, 1]]);
 * crossEntropyMarginLoss({ logits: tf.zeros([3, 2]), features, labels }).crossEntropyLoss; // => 0.6931
 * ```
 */
export function crossEntropyMarginLoss(
  { logits, features, labels }: { logits: tf.Tensor2D; features: tf.Tensor2D; labels: tf.Tensor1D },
  options: CrossEntropyMarginOptions = {},
): { loss: tf.Scalar; crossEntropyLoss: tf.Scalar; marginLoss: tf.Scalar; numDiscarded: tf.Scalar } {
  const { crossEntropyWeight = 0.7, robust = null, ...margin } = options;
  return tf.tidy(() => {
    const { loss: crossEntropy, numDiscarded } = classificationLoss(logits, labels, robust);
    const marginLoss = supervisedAngularMarginLoss(features, labels, margin);
    const loss = tf.add<tf.Scalar>(tf.mul(crossEntropy, crossEntropyWeight), tf.mul(marginLoss, 1 - crossEntropyWeight));
    return { loss, crossEntropyLoss: crossEntropy, marginLoss, numDiscarded };
  });
}

function classificationLoss(logits: tf.Tensor2D, labels: tf.Tensor1D, robust: RobustOptions | null) {
  switch (robust?.name) {
    case 'maxThreshold':
      return maxThresholdLoss(logits, labels, robust);
    case 'outlier':
      return outlierLoss(logits, labels, robust);
    case 'lq':
      return { loss: lqLoss(logits, labels, robust), numDiscarded: tf.scalar(0) };
    case 'softBootstrap':
      return { loss: softBootstrapLoss(logits, labels, robust), numDiscarded: tf.scalar(0) };
    case undefined:
      return { loss: crossEntropyLoss(logits, labels), numDiscarded: tf.scalar(0) };
  }
}
