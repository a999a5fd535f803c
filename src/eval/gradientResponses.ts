import * as tf from '@tensorflow/tfjs-core';
import { contrastiveLosses } from '../loss/contrastiveLosses.js';
import type { ContrastiveLoss } from '../loss/defineLoss.js';
import { type Pairs, viewPairs } from '../loss/pairs.js';
import { evenSample } from '../util/evenSample.js';
import type { PositivePairs } from './featureAnalysis.js';

type Point = [angle: number, gradient: number];

/** How strongly a loss moves pairs, for some values of one option. */
export interface GradientResponse {
  loss: string;
  option: string;
  /** positive: dL_i / dtheta, the pull on a positive at theta; negative: -dL_i / dtheta, the push on a negative. */
  kind: 'positive' | 'negative';
  series: {
    /** Of the option; null = off. */
    value: number | null;
    /** The derivative itself: of the batch's typical anchor with one pair moved to theta and all others held. */
    curve: Point[];
    /** Pairs of the batch at their own angles. */
    measured: Point[];
  }[];
}

interface Varied {
  loss: keyof typeof contrastiveLosses;
  option: string;
  values: readonly (number | null)[];
  optionsOf: (value: number | null) => object;
}

/** What the papers of the margins and of tuned contrastive learning vary. */
const varied: readonly Varied[] = [
  { loss: 'infoNce', option: 'm1', values: [0, 0.3, 0.6], optionsOf: (m1) => ({ m1 }) },
  { loss: 'infoNce', option: 'm2', values: [0, 0.4, 0.8], optionsOf: (m2) => ({ m2 }) },
  { loss: 'infoNce', option: 's', values: [1, 2, 10], optionsOf: (s) => ({ s }) },
  { loss: 'infoNce', option: 'c', values: [null, 0.7, 1, 2.5], optionsOf: (c) => ({ c }) },
  { loss: 'infoNce', option: 'lambda (I)', values: [0, 0.25, 1], optionsOf: (lambda) => ({ attenuation: 'I', lambda }) },
  { loss: 'infoNce', option: 'lambda (II)', values: [0, 0.25, 1], optionsOf: (lambda) => ({ attenuation: 'II', lambda }) },
  { loss: 'tcl', option: 'k1', values: [0, 5000, 50000], optionsOf: (k1) => ({ k1 }) },
  { loss: 'tcl', option: 'k2', values: [1, 3, 10], optionsOf: (k2) => ({ k2 }) },
];

/** Angles of the curves (radians): at 0 and pi the angle has no gradient by the rows. */
const gridAngles = Array.from({ length: 60 }, (_, i) => 0.02 + ((Math.PI - 0.04) * i) / 59);
const mostPoints = 60;

/**
 * The gradients of the losses by the angles of pairs, for the options of the papers: a curve each over 0 .. pi and the pairs of a real
 * batch. Hard positives are at large angles, hard negatives at small ones. The typical anchor of the curves is the one with the median
 * sum over its candidates; of its negatives the median one is moved.
 *
 * @param pairs projections, both views; the first `mostPairs` make the batch
 */
export function gradientResponses(
  { first, second, dim }: PositivePairs,
  { temperature, mostPairs = 128 }: { temperature: number; mostPairs?: number },
): GradientResponse[] {
  const n = Math.min(mostPairs, first.length / dim);
  const responses: GradientResponse[] = [];
  tf.tidy(() => {
    const [a, b] = [first, second].map((rows) => tf.tensor2d(rows.subarray(0, n * dim), [n, dim]));
    const { isPositive, isNegative, anchors } = viewPairs([a, b]);
    const unit = tf.div(anchors, tf.maximum(tf.norm(anchors, 2, 1, true), 1e-12));
    const cosine = tf.clipByValue<tf.Tensor2D>(tf.matMul(unit, unit, false, true), -1, 1);
    const batch: Batch = { cosine, isPositive, isNegative };
    const typical = typicalAnchor(batch, temperature);
    for (const { loss, option, values, optionsOf } of varied) {
      const kinds = { positive: [] as GradientResponse['series'], negative: [] as GradientResponse['series'] };
      for (const value of values) {
        const respond = (of: Batch) => anglesAndGradients(of, loss, { temperature, ...optionsOf(value) });
        const all = respond(batch);
        for (const kind of ['positive', 'negative'] as const) {
          const moved = typical[kind];
          const { gradients } = respond(moved.batch);
          const sign = kind === 'positive' ? 1 : -1;
          const columns = gradients.length / gridAngles.length;
          const curve = gridAngles.map((angle, i): Point => [angle, sign * gradients[i * columns + moved.column]]);
          kinds[kind].push({ value, curve: curve.map(rounded), measured: pointsOf(all, batch, kind).map(rounded) });
        }
      }
      for (const kind of ['positive', 'negative'] as const) responses.push({ loss, option, kind, series: kinds[kind] });
    }
  });
  return responses;
}

interface Batch {
  cosine: tf.Tensor2D;
  isPositive: tf.Tensor2D;
  isNegative: tf.Tensor2D;
}

/** dL_i / dtheta_ij of every pair, row-major, L_i being the loss of anchor i alone. */
export function anglesAndGradients(
  { cosine, isPositive, isNegative }: Batch,
  name: keyof typeof contrastiveLosses,
  options: object,
): { angles: Float32Array; gradients: Float32Array } {
  const loss: ContrastiveLoss = contrastiveLosses[name];
  const checked = loss.options.parse({ name, ...options });
  return tf.tidy(() => {
    const pairs: Omit<Pairs, 'cosines'> = { anchors: cosine, candidates: cosine, isPositive, isNegative };
    const slope = tf.grad((s: tf.Tensor) => loss.compute({ ...pairs, cosines: s as tf.Tensor2D }, checked))(cosine);
    const sine = tf.sqrt(tf.mul(tf.sub(1, cosine), tf.add(1, cosine)));
    const gradients = tf.mul(tf.mul(slope, sine), -cosine.shape[0]);
    return { angles: Float32Array.from(tf.atan2(sine, cosine).dataSync()), gradients: Float32Array.from(gradients.dataSync()) };
  });
}

/** The anchor with the median sum, as often as there are grid angles, with its positive or its median negative moved to each of them. */
function typicalAnchor({ cosine, isPositive, isNegative }: Batch, temperature: number) {
  const numRows = cosine.shape[0];
  const isCandidate = tf.add(isPositive, isNegative);
  const sums = tf.sum(tf.mul(tf.exp(tf.div(tf.sub(cosine, 1), temperature)), isCandidate), 1).dataSync();
  const row = [...sums.keys()].sort((i, j) => sums[i] - sums[j])[Math.floor(numRows / 2)];
  const of = (tensor: tf.Tensor2D) => Float32Array.from(tf.slice(tensor, [row, 0], [1, numRows]).dataSync());
  const values = of(cosine);
  const [positives, negatives] = [of(isPositive), of(isNegative)].map((mask) => [...mask.keys()].filter((i) => mask[i] > 0));
  const middle = negatives.sort((i, j) => values[i] - values[j])[Math.floor(negatives.length / 2)];
  const repeat = (tensor: tf.Tensor2D) => tf.tile(tf.slice(tensor, [row, 0], [1, numRows]), [gridAngles.length, 1]);
  const moved = (column: number): { column: number; batch: Batch } => {
    const rows = gridAngles.flatMap((angle) => [...values].map((value, i) => (i === column ? Math.cos(angle) : value)));
    const batch = {
      cosine: tf.tensor2d(rows, [gridAngles.length, numRows]),
      isPositive: repeat(isPositive),
      isNegative: repeat(isNegative),
    };
    return { column, batch };
  };
  return { positive: moved(positives[0]), negative: moved(middle) };
}

/** Six digits, which is what float32 knows: a record holds thousands of them. */
function rounded([angle, gradient]: Point): Point {
  return [Number(angle.toPrecision(6)), Number(gradient.toPrecision(6))];
}

function pointsOf(
  { angles, gradients }: { angles: Float32Array; gradients: Float32Array },
  { isPositive, isNegative }: Batch,
  kind: 'positive' | 'negative',
): Point[] {
  const mask = (kind === 'positive' ? isPositive : isNegative).dataSync();
  const chosen = [...mask.keys()].filter((i) => mask[i] > 0);
  const sign = kind === 'positive' ? 1 : -1;
  // In the order of their angles, so that a sample covers hard and easy pairs alike.
  chosen.sort((i, j) => angles[i] - angles[j]);
  return evenSample(chosen.length, mostPoints).map((i): Point => [angles[chosen[i]], sign * gradients[chosen[i]]]);
}
