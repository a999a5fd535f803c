import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { softmaxRegressionStep } from '../../src/ops/softmaxRegressionStep.js';
import { availableBackends } from '../support/backends.js';
import { scatter } from './numeric.js';

const [rows, dim, classes] = [101, 70, 5];
const options = { learningRate: 0.3, momentum: 0.8, weightDecay: 0.02 };
const float32 = (values: number[]) => values.map(Math.fround);
const h = float32(scatter(3 * rows * dim, 1, 2).map((value, i) => value + (i % dim) / 10));
const labels = Array.from({ length: 3 * rows }, (_, i) => (7 * i + (i >> 2)) % classes);
const mean = float32(Array.from({ length: dim }, (_, i) => i / 10));
const inverseDeviation = float32(scatter(dim, 2, 0.5).map((value) => 1 + value));
const initial = float32(scatter((dim + 1) * classes, 3, 0.1));

/** Three steps, one sample, class and dimension after the other, in double precision. */
function oracle(): { weights: number[]; velocity: number[] } {
  const [weights, velocity] = [[...initial], initial.map(() => 0)];
  for (let step = 0; step < 3; step++) {
    const gradient = weights.map((value) => options.weightDecay * value);
    for (let row = step * rows; row < (step + 1) * rows; row++) {
      const x = [...mean.map((value, i) => (h[row * dim + i] - value) * inverseDeviation[i]), 1];
      const scores = Array.from({ length: classes }, (_, c) => x.reduce((sum, value, i) => sum + value * weights[i * classes + c], 0));
      const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
      for (let c = 0; c < classes; c++) {
        const error = (Math.exp(scores[c]) / total - (labels[row] === c ? 1 : 0)) / rows;
        for (let i = 0; i <= dim; i++) gradient[i * classes + c] += error * x[i];
      }
    }
    for (let i = 0; i < weights.length; i++) {
      velocity[i] = options.momentum * velocity[i] + gradient[i];
      weights[i] -= options.learningRate * velocity[i];
    }
  }
  return { weights, velocity };
}

describe.each(availableBackends)('softmaxRegressionStep on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test('equals plain loops in double precision over three steps, leaves its inputs as they are and leaks nothing', async () => {
    const before = tf.memory().numTensors;
    const [scale, centre] = [tf.tensor1d(inverseDeviation), tf.tensor1d(mean)];
    const weights = tf.tidy(() => tf.variable(tf.tensor2d(initial, [dim + 1, classes])));
    const velocity = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R2>([dim + 1, classes])));
    for (let step = 0; step < 3; step++) {
      const batch = tf.tensor2d(h.slice(step * rows * dim, (step + 1) * rows * dim), [rows, dim]);
      const kinds = tf.tensor1d(labels.slice(step * rows, (step + 1) * rows), 'int32');
      softmaxRegressionStep({ weights, velocity }, { h: batch, labels: kinds, mean: centre, inverseDeviation: scale }, options);
      tf.dispose([batch, kinds]);
    }
    const wanted = oracle();
    // float32 sums of 71 and of 101 products around 1, three times over.
    expect(await weights.data()).toBeAllClose(wanted.weights, { atol: 5e-6 });
    expect(await velocity.data()).toBeAllClose(wanted.velocity, { atol: 5e-6 });
    expect([...(await scale.data())]).toEqual(inverseDeviation);
    expect([...(await centre.data())]).toEqual(mean);
    weights.dispose();
    velocity.dispose();
    tf.dispose([scale, centre]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
