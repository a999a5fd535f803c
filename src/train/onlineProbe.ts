import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Parameters } from '../nn/parameters.js';
import { movingAverage } from '../ops/movingAverage.js';
import { type SoftmaxRegression, softmaxRegressionStep } from '../ops/softmaxRegressionStep.js';
import { Rng } from '../util/rng.js';

export const onlineProbeOptions = z
  .strictObject({
    learningRate: z.number().positive().default(0.05).describe('of stochastic gradient descent, the same throughout'),
    momentum: z.number().min(0).lt(1).default(0.9).describe('share of the last update that is kept'),
    weightDecay: z.number().min(0).default(1e-4).describe('added to every gradient times the weight'),
  })
  .describe('a linear classifier of h trained along, from which the encoder learns nothing; needs labels');
export type OnlineProbeOptions = z.infer<typeof onlineProbeOptions>;

/** What a step's embeddings were before the probe learnt from them. */
export interface OnlineProbeStep {
  onlineProbeLoss: number;
  onlineProbeAccuracy: number;
}

/** A linear classifier that learns beside the encoder, on h under a stop-gradient. */
export interface OnlineProbe {
  /** Part of the checkpoint: `weights`, `velocity`, and the running `mean` and `variance` of h. */
  parameters: Parameters;
  /**
   * Classifies h `[numViews n, dim]`, the first views of all clips first, then takes one step on them.
   * @param labels class of each of the n clips
   */
  learn(h: tf.Tensor2D, labels: Int32Array): OnlineProbeStep;
  /** Probabilities `[rows, classes]`. */
  classify(h: tf.Tensor2D): tf.Tensor2D;
}

/** Weight of a batch in the running mean and variance of h, as in batch norm. */
const share = 0.1;
const epsilon = 1e-5;

/** Whoever makes it disposes of its parameters. */
export function createOnlineProbe({
  dim,
  numClasses,
  seed,
  options,
}: {
  dim: number;
  numClasses: number;
  seed: number;
  options: OnlineProbeOptions;
}): OnlineProbe {
  const rng = new Rng({ seed, purpose: 'onlineProbe weights' });
  const bound = 1 / Math.sqrt(dim);
  const variable = <R extends tf.Rank>(make: () => tf.Tensor<R>) => tf.tidy(() => tf.variable(make(), false));
  const state: SoftmaxRegression = {
    weights: variable(() =>
      tf.tensor2d(
        Float32Array.from({ length: (dim + 1) * numClasses }, () => rng.uniform(-bound, bound)),
        [dim + 1, numClasses],
      ),
    ),
    velocity: variable(() => tf.zeros<tf.Rank.R2>([dim + 1, numClasses])),
  };
  const mean = variable(() => tf.zeros<tf.Rank.R1>([dim]));
  const variance = variable(() => tf.ones<tf.Rank.R1>([dim]));
  const scaling = () => ({ mean: mean as tf.Tensor1D, inverseDeviation: tf.rsqrt<tf.Tensor1D>(tf.add(variance, epsilon)) });
  const scores = (h: tf.Tensor2D, { mean, inverseDeviation }: ReturnType<typeof scaling>): tf.Tensor2D => {
    const scaled = tf.mul<tf.Tensor2D>(tf.sub(h, mean), inverseDeviation);
    const [weights, bias] = tf.split(state.weights as tf.Tensor2D, [dim, 1], 0);
    return tf.add(tf.matMul(scaled, weights), bias);
  };
  return {
    parameters: new Map<string, tf.Variable>([
      ['weights', state.weights],
      ['velocity', state.velocity],
      ['mean', mean],
      ['variance', variance],
    ]),
    learn: (h, labels) =>
      tf.tidy(() => {
        const moments = tf.moments(h, 0);
        movingAverage(
          [
            { average: mean, value: moments.mean },
            { average: variance, value: moments.variance },
          ],
          1 - share,
        );
        const repeated = tf.tile(tf.tensor1d(labels, 'int32'), [h.shape[0] / labels.length]);
        const scale = scaling();
        const logits = scores(h, scale);
        const chosen = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(repeated, numClasses)), 1);
        const isRight = tf.equal(tf.argMax(logits, 1), repeated);
        const [loss, accuracy] = tf.stack([tf.neg(tf.mean(chosen)), tf.mean(tf.cast(isRight, 'float32'))]).dataSync();
        softmaxRegressionStep(state, { h, labels: repeated, ...scale }, options);
        return { onlineProbeLoss: loss, onlineProbeAccuracy: accuracy };
      }),
    classify: (h) => tf.tidy(() => tf.softmax(scores(h, scaling()))),
  };
}
