import * as tf from '@tensorflow/tfjs-core';
import { softplus } from '../ops/softplus.js';
import { weightedLogSumExp } from '../ops/weightedLogSumExp.js';
import { countPositives, meanOverAnchors } from './meanOverAnchors.js';
import type { Pairs } from './pairs.js';

type Masks = Pick<Pairs, 'isPositive' | 'isNegative'>;

/**
 * Each positive against all candidates: mean over anchors i of
 * `beta log(sum over positives and negatives k of exp(l_ik)) - mean over positives p of l_ip`.
 *
 * @param logits `[anchor, candidate]`
 */
export function softmaxOverAll(logits: tf.Tensor2D, { isPositive, isNegative }: Masks, beta = 1): tf.Scalar {
  const { divisor, hasPositive } = countPositives(isPositive);
  const pull = tf.div(tf.sum(tf.mul(logits, isPositive), 1), divisor);
  const push = beta === 0 ? 0 : tf.mul(weightedLogSumExp(logits, tf.add(isPositive, isNegative)), beta);
  return meanOverAnchors(tf.sub(push, pull), hasPositive);
}

/**
 * Each positive against the anchor's negatives alone: mean over anchors i of the mean over positives p of
 * `log(1 + sum over negatives k of exp(l_ik - l_ip))`.
 *
 * @param logits `[anchor, candidate]`
 */
export function softmaxOverNegatives(logits: tf.Tensor2D, { isPositive, isNegative }: Masks): tf.Scalar {
  const { divisor, hasPositive } = countPositives(isPositive);
  const negatives = tf.expandDims(weightedLogSumExp(logits, isNegative), 1); // [anchor, 1]
  const perPair = tf.mul(softplus(tf.sub(negatives, logits)), isPositive);
  return meanOverAnchors(tf.div(tf.sum(perPair, 1), divisor), hasPositive);
}
