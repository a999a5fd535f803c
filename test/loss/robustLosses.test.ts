import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { crossEntropyLoss } from '../../src/loss/crossEntropyLoss.js';
import { crossEntropyMarginLoss } from '../../src/loss/crossEntropyMarginLoss.js';
import { supervisedLossOptions } from '../../src/loss/lossOptions.js';
import { lqLoss } from '../../src/loss/lqLoss.js';
import { maxThresholdLoss } from '../../src/loss/maxThresholdLoss.js';
import { outlierLoss } from '../../src/loss/outlierLoss.js';
import { softBootstrapLoss } from '../../src/loss/softBootstrapLoss.js';
import { supervisedAngularMarginLoss } from '../../src/loss/supervisedAngularMarginLoss.js';
import { numericGradient, scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';
import { mean } from './oracles.js';

const classes = 4;
const labels = [2, 0, 1, 1, 3, 0, 2];
const logits = scatter(labels.length * classes, 17, 3);

/** Softmax of each row, in float64. */
function probabilities(flat: number[]): number[][] {
  return labels.map((_, i) => {
    const row = flat.slice(i * classes, (i + 1) * classes).map(Math.exp);
    const sum = row.reduce((a, b) => a + b);
    return row.map((value) => value / sum);
  });
}
const rowLosses = (flat: number[]): number[] => probabilities(flat).map((row, i) => -Math.log(row[labels[i]]));
/** icassp19's way: what is above the threshold counts as 0, the mean goes over all rows. */
const thinned = (losses: number[], threshold: number): number => mean(losses.map((loss) => (loss > threshold ? 0 : loss)));
function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
function deviation(values: number[]): number {
  return Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
}
/** Discarding has jumps, which no difference quotient may cross: the rows are chosen at the point itself. */
const keptAt = (at: number[], threshold: (losses: number[]) => number): ((flat: number[]) => number) => {
  const limit = threshold(rowLosses(at));
  const isKept = rowLosses(at).map((loss) => loss <= limit);
  return (flat) => mean(rowLosses(flat).map((loss, i) => (isKept[i] ? loss : 0)));
};

type Loss = (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Scalar;

const cases: [string, Loss, (flat: number[]) => number][] = [
  ['lqLoss 0.7', (x, y) => lqLoss(x, y), (flat) => mean(probabilities(flat).map((row, i) => (1 - (row[labels[i]] + 1e-8) ** 0.7) / 0.7))],
  [
    'lqLoss 1, the mean absolute error',
    (x, y) => lqLoss(x, y, { q: 1 }),
    (flat) => mean(probabilities(flat).map((row, i) => 1 - row[labels[i]])),
  ],
  [
    'softBootstrapLoss 0.3',
    (x, y) => softBootstrapLoss(x, y),
    (flat) =>
      mean(probabilities(flat).map((row, i) => row.reduce((sum, p, k) => sum - ((k === labels[i] ? 0.3 : 0) + 0.7 * p) * Math.log(p), 0))),
  ],
  ['maxThresholdLoss 0.6', (x, y) => maxThresholdLoss(x, y).loss, keptAt(logits, (losses) => 0.6 * Math.max(...losses))],
  ['outlierLoss 1.0', (x, y) => outlierLoss(x, y, { deviations: 1 }).loss, keptAt(logits, (losses) => median(losses) + deviation(losses))],
];

describe.each(availableBackends)('losses for noisy labels on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  const labelTensor = () => tf.tensor1d(labels, 'int32');

  it.each(cases)('%s equals its definition and finite differences, without leaks', (_, loss, oracle) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const y = labelTensor();
      const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss(x as tf.Tensor2D, y))(tf.tensor2d(logits, [labels.length, classes]));
      expect(value.dataSync()).toBeAllClose([oracle(logits)], { rtol: 3e-6 });
      expect(grad.dataSync()).toBeAllClose(numericGradient(oracle, logits), { rtol: 1e-4, atol: 1e-6 });
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('thresholds take the largest loss and the median of even and odd batches, and count what they leave out', () => {
    for (const rows of [6, 7]) {
      tf.tidy(() => {
        const losses = rowLosses(logits).slice(0, rows);
        const x = tf.tensor2d(logits.slice(0, rows * classes), [rows, classes]);
        const y = tf.tensor1d(labels.slice(0, rows), 'int32');
        for (const [got, threshold] of [
          [maxThresholdLoss(x, y, { share: 0.5 }), 0.5 * Math.max(...losses)],
          [outlierLoss(x, y, { deviations: 0.5 }), median(losses) + 0.5 * deviation(losses)],
          [outlierLoss(x, y, { deviations: 0 }), median(losses)],
        ] as const) {
          expect(got.loss.dataSync()).toBeAllClose([thinned(losses, threshold)], { rtol: 3e-6 });
          expect(got.numDiscarded.dataSync()[0]).toBe(losses.filter((loss) => loss > threshold).length);
        }
      });
    }
  });

  it('stay finite, gradients too, where the label is impossible', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1e4, -1e4, 0, -1e4, 1e4, 0], [2, 3]);
      const y = tf.tensor1d([1, 1], 'int32');
      const losses: Loss[] = [lqLoss, softBootstrapLoss, (a, b) => maxThresholdLoss(a, b).loss, (a, b) => outlierLoss(a, b).loss];
      for (const loss of losses) {
        const { value, grad } = tf.valueAndGrad((logits: tf.Tensor) => loss(logits as tf.Tensor2D, y))(x);
        expect([...value.dataSync(), ...grad.dataSync()].filter((number) => !Number.isFinite(number))).toEqual([]);
      }
    });
  });

  it('crossEntropyMarginLoss weighs cross-entropy, or what is in its place, and the margin of the features', () => {
    // The margin of the reference (8.6): labels 0, 0, 1, 1, sums over 50.
    const features = [1, 0.2, 0.3, 0.1, 1, 0.4, 0.9, 0.4, 0.1, 0.8, 0.5, 0.2];
    const margin = 0.061190727;
    tf.tidy(() => {
      const y = tf.tensor1d([0, 0, 1, 1], 'int32');
      const x = tf.tensor2d(logits.slice(0, 16), [4, 4]);
      const given = { logits: x, features: tf.tensor2d(features, [4, 3]), labels: y };
      const plain = crossEntropyLoss(x, y).dataSync()[0];
      const lq = lqLoss(x, y, { q: 0.5 }).dataSync()[0];
      const discarding = maxThresholdLoss(x, y, { share: 0.5 });
      for (const [weight, robust, expected] of [
        [0.3, null, plain],
        [1, null, plain],
        [0, null, plain],
        [0.5, { name: 'lq', q: 0.5 }, lq],
        [0.5, { name: 'softBootstrap', beta: 1 }, plain],
        [0.5, { name: 'maxThreshold', share: 0.5 }, discarding.loss.dataSync()[0]],
        [0.5, { name: 'outlier', deviations: 99 }, plain],
      ] as const) {
        const got = crossEntropyMarginLoss(given, { crossEntropyWeight: weight, robust, reduction: 'authorsSum' });
        const values = [got.loss, got.crossEntropyLoss, got.marginLoss].map((scalar) => scalar.dataSync()[0]);
        expect(values).toBeAllClose([weight * expected + (1 - weight) * margin, expected, margin], { rtol: 1e-5 });
        expect(got.numDiscarded.dataSync()).toEqual(
          robust?.name === 'maxThreshold' ? discarding.numDiscarded.dataSync() : Float32Array.of(0),
        );
      }
    });
  });
});

describe('options of the supervised loss', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  it("are the authors' by default; the margin's mean weights equal their sums over 50 at 64 patches of 20 equally frequent classes", () => {
    const options = supervisedLossOptions.parse({});
    expect(options).toEqual({
      name: 'crossEntropyMargin',
      crossEntropyWeight: 0.7,
      marginRadians: 0.5,
      marginOn: 'auto',
      reduction: 'mean',
      positiveWeight: 4.032,
      negativeWeight: 76.608,
      divisor: 50,
      robust: null,
    });
    // 80 patches, 4 of each class: sums grow with the number of pairs, 80 x 79 in place of 64 x 63, and the share of positives is 3 in 79.
    tf.tidy(() => {
      const features = tf.abs(tf.tensor2d(scatter(80 * 6, 5, 1), [80, 6])) as tf.Tensor2D;
      const y = tf.tensor1d(
        Int32Array.from({ length: 80 }, (_, i) => i % 20),
        'int32',
      );
      const sums = supervisedAngularMarginLoss(features, y, { reduction: 'authorsSum' }).dataSync();
      const means = supervisedAngularMarginLoss(features, y, {
        positiveWeight: options.positiveWeight * ((80 * 3) / ((64 * 63) / 20)),
        negativeWeight: options.negativeWeight * ((80 * 76) / ((64 * 63 * 19) / 20)),
      });
      expect(means.dataSync()).toBeAllClose(sums, { rtol: 1e-5 });
    });
    const robust = ['lq', 'softBootstrap', 'maxThreshold', 'outlier'].map(
      (name) => supervisedLossOptions.parse({ robust: { name } }).robust,
    );
    expect(robust).toEqual([
      { name: 'lq', q: 0.7 },
      { name: 'softBootstrap', beta: 0.3 },
      { name: 'maxThreshold', share: 0.6 },
      { name: 'outlier', deviations: 1.9 },
    ]);
  });

  it('refuses values without meaning', () => {
    tf.tidy(() => {
      const x = tf.zeros<tf.Rank.R2>([2, 3]);
      const y = tf.tensor1d([0, 1], 'int32');
      expect(() => lqLoss(x, y, { q: 0 })).toThrow(/q must be above 0 and at most 1, got 0/);
      expect(() => softBootstrapLoss(x, y, { beta: 1.5 })).toThrow(/beta must be in 0 .. 1, got 1.5/);
      expect(() => maxThresholdLoss(x, y, { share: -1 })).toThrow(/share must be in 0 .. 1, got -1/);
      expect(() => outlierLoss(x, y, { deviations: -1 })).toThrow(/deviations must be 0 or more, got -1/);
    });
  });
});
