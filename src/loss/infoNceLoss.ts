import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { angle, cosineOfShifted } from '../ops/angle.js';
import { scaleGradient } from '../ops/scaleGradient.js';
import { weightedLogSumExp } from '../ops/weightedLogSumExp.js';
import { checkOptions, defineLoss } from './defineLoss.js';
import { cosines, viewPairs } from './pairs.js';
import { softmaxOverAll } from './softmaxTerms.js';
import { temperature } from './temperature.js';

const keys = {
  temperature: temperature(0.2),
  m1: z.number().min(0).max(Math.PI).default(0).describe('angular margin (radians): positives count as if so much farther'),
  m2: z.number().min(0).max(2).default(0).describe('subtractive margin: taken from the cosine of positives'),
  s: z.number().positive().default(1).describe('emphasis: the gradient of positive logits times s, values unchanged'),
  c: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('curvature: the gradient of positive logits times 1 - (theta / pi)^c, values unchanged; null = off'),
  attenuation: z
    .enum(['I', 'II'])
    .nullable()
    .default(null)
    .describe("gradients over 1 - lambda x the positives' probability: I = of all logits of an anchor, II = of the positives; null = off"),
  lambda: z.number().min(0).max(1).default(1).describe('of attenuation: 0 = none, 1 = probable positives pull as strongly as others'),
  beta: z.number().min(0).default(1).describe('weight of the logarithm of the sum: 1 = InfoNCE, 0 = positives alone, as BYOL'),
};
type Options = z.output<z.ZodObject<typeof keys>>;

export type InfoNceOptions = z.input<z.ZodObject<typeof keys>>;

/** `loss.name: infoNce`. */
export const infoNce = defineLoss({
  name: 'infoNce',
  description: 'InfoNCE with margins on the positives (m1, m2) and shaped gradients (s, c, attenuation)',
  options: keys,
  needsNegatives: ({ beta }) => beta > 0,
  compute: (pairs, options) =>
    tf.tidy(() => {
      const { isPositive, isNegative } = pairs;
      const cosine = cosines(pairs);
      const plain = tf.div<tf.Tensor2D>(withMargins(cosine, isPositive, options), options.temperature);
      const logits = shapeGradients(plain, cosine, { isPositive, isCandidate: tf.add(isPositive, isNegative) }, options);
      return softmaxOverAll(logits, pairs, options.beta);
    }),
  valueAtChance: (numNegatives, { temperature, m1, m2, beta }) => {
    const positive = (Math.cos(m1) - m2) / temperature;
    return beta * (1 / temperature + Math.log(numNegatives + Math.exp(positive - 1 / temperature))) - positive;
  },
});

/**
 * Generalised InfoNCE over all 2 n rows of two views, mean over the anchors (Rho et al. 2023, "Understanding Contrastive Learning Through
 * the Lens of Margins"): with q_ij = 1 at the positive and 0 elsewhere,
 * `L_i = -sum over j of q_ij l_ij + beta log(sum over k of exp(l_ik))`, `l_ij = (cos(theta_ij + m1 q_ij) - m2 q_ij) / temperature`. With
 * the defaults it is NT-Xent. The paper leaves open whether m2 is inside the division by the temperature; it is, as in CosFace (the other
 * reading is m2 x temperature). Beyond theta = pi - m1 the cosine rises again, and with it a positive's pull changes sign, as in the
 * formula; equal rows, where the gradient by m1 has no direction, are not moved.
 *
 * s, c and attenuation leave the value alone and multiply the gradients of the logits (weights under a stop-gradient):
 * positives by `s (1 - (theta / pi)^c)`; type I all of an anchor, type II its positives by `1 / max(1 - lambda p, 1e-6)`, p being the
 * probability of the positive (of all positives together, where there are several). The normaliser pi of the curvature is our reading.
 *
 * Other pairs (labels, a queue, two views in one direction): `infoNce.compute(pairs, options)`.
 *
 * @param a first views `[n, dim]`, n >= 2; `b` second views
 *
 * @example
 * ```ts
 * import { infoNceLoss, tf } from 'audiossl';
 * const a = tf.tensor2d([[1, 0], [0, 1]]);
 * infoNceLoss(a, a, { temperature: 1 }); // => 0.5514
 * ```
 */
export function infoNceLoss(a: tf.Tensor2D, b: tf.Tensor2D, options: InfoNceOptions = {}): tf.Scalar {
  const checked = checkOptions('infoNceLoss', infoNce, options);
  return tf.tidy(() => infoNce.compute(viewPairs([a, b]), checked));
}

function withMargins(cosine: tf.Tensor2D, isPositive: tf.Tensor2D, { m1, m2 }: Options): tf.Tensor2D {
  const lessened = m2 === 0 ? cosine : tf.sub<tf.Tensor2D>(cosine, tf.mul(isPositive, m2));
  if (m1 === 0) return lessened;
  return tf.add(lessened, tf.mul(isPositive, tf.sub(cosineOfShifted(cosine, m1), cosine)));
}

function shapeGradients(
  logits: tf.Tensor2D,
  cosine: tf.Tensor2D,
  { isPositive, isCandidate }: { isPositive: tf.Tensor2D; isCandidate: tf.Tensor2D },
  { s, c, attenuation, lambda }: Options,
): tf.Tensor2D {
  if (s === 1 && c === null && attenuation === null) return logits;
  return scaleGradient(logits, () => {
    const curvature = c === null ? tf.scalar(1) : tf.sub(1, tf.pow(tf.div(angle(cosine), Math.PI), c));
    const atPositives = (weight: tf.Tensor): tf.Tensor => tf.add(1, tf.mul(isPositive, tf.sub(weight, 1)));
    const emphasis = atPositives(tf.mul(curvature, s));
    if (attenuation === null) return emphasis;
    const ofPositives = weightedLogSumExp(logits, isPositive);
    const probability = tf.exp(tf.sub(ofPositives, weightedLogSumExp(logits, isCandidate))); // [anchor]
    const factor = tf.expandDims(tf.div(1, tf.maximum(tf.sub(1, tf.mul(probability, lambda)), 1e-6)), 1);
    return tf.mul(emphasis, attenuation === 'I' ? factor : atPositives(factor));
  });
}
