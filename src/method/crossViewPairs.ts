import * as tf from '@tensorflow/tfjs-core';
import type { Pairs } from '../loss/pairs.js';

/**
 * Two views of n clips, each asked of the other: the positive of row i of the first half is row n + i and the other way round, negatives are
 * all other rows of the other half; rows of one half are not compared. A loss is then the mean of both directions, half the sum of the
 * papers (MoCo v3, BYOL, CMC).
 *
 * @param anchors `[2n, dim]`; `candidates` likewise, or the very tensor `anchors`
 */
export function crossViewPairs(
  anchors: tf.Tensor2D,
  candidates: tf.Tensor2D,
  { hasNegatives = true }: { hasNegatives?: boolean } = {},
): Pairs {
  const rows = anchors.shape[0];
  const n = rows / 2;
  const view = tf.cast(tf.greaterEqual(tf.range(0, rows), n), 'float32');
  const isOtherView = tf.abs(tf.sub(tf.reshape(view, [rows, 1]), tf.reshape(view, [1, rows]))) as tf.Tensor2D;
  const clip = tf.sub(tf.range(0, rows), tf.mul(view, n));
  const isSameClip = tf.cast(tf.equal(tf.reshape(clip, [rows, 1]), tf.reshape(clip, [1, rows])), 'float32');
  const isPositive = tf.mul<tf.Tensor2D>(isOtherView, isSameClip);
  const isNegative = hasNegatives ? tf.sub<tf.Tensor2D>(isOtherView, isPositive) : tf.zerosLike(isPositive);
  return { anchors, candidates, isPositive, isNegative };
}
