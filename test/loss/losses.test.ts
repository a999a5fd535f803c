import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { angularContrastiveLoss } from '../../src/loss/angularContrastiveLoss.js';
import { type AngularMarginOptions, angularMarginLoss } from '../../src/loss/angularMarginLoss.js';
import { crossEntropyLoss } from '../../src/loss/crossEntropyLoss.js';
import { angularContrastiveOptions } from '../../src/loss/lossOptions.js';
import { ntXentLoss } from '../../src/loss/ntXentLoss.js';
import { supervisedAngularMarginLoss } from '../../src/loss/supervisedAngularMarginLoss.js';
import { numericGradient, scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';
import { marginPairs, mean, ntXentRows, type Rows, twice } from './oracles.js';

const Z: Rows = [
  [1, 0.2, -0.3],
  [0.1, 1, 0.4],
  [0.9, 0.4, -0.1],
  [-0.2, 0.8, 0.7],
];
const H: Rows = [
  [1, 0.2, 0.3],
  [0.1, 1, 0.4],
  [0.9, 0.4, 0.1],
  [0.8, 0.5, 0.2],
];
/** Authors' code: sums over 25, or 50 with labels. */
const authors: AngularMarginOptions = { reduction: 'authorsSum' };

type PairLoss = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Scalar;

/** Value and gradient by all rows (first views, then second) of a pair loss; checks that nothing leaks. */
function evaluate(loss: PairLoss, rows: Rows): { value: number; gradient: number[] } {
  const before = tf.memory().numTensors;
  const result = tf.tidy(() => {
    const n = rows.length / 2;
    const { value, grads } = tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => loss(a as tf.Tensor2D, b as tf.Tensor2D))([
      tf.tensor2d(rows.slice(0, n)),
      tf.tensor2d(rows.slice(n)),
    ]);
    return { value: value.dataSync()[0], gradient: grads.flatMap((grad) => [...grad.dataSync()]) };
  });
  expect(tf.memory().numTensors).toBe(before);
  return result;
}

const toRows = (flat: number[], dim: number): Rows =>
  Array.from({ length: flat.length / dim }, (_, i) => flat.slice(i * dim, (i + 1) * dim));
const randomRows = (rows: number, dim: number, key: number): Rows => toRows(scatter(rows * dim, key, 1), dim);
const weighted = ({ positives, negatives }: { positives: number[]; negatives: number[] }): number =>
  10.24 * mean(positives) + 2600.96 * mean(negatives);

describe.each(availableBackends)('losses on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('has the golden values and gradients of the reference (float64, 8.6)', () => {
    const contrastive = evaluate((a, b) => ntXentLoss(a, b, { temperature: 0.2 }), Z);
    expect([contrastive.value]).toBeAllClose([0.055191443], { rtol: 1e-5 });
    // Printed to 8 decimals; float32 cosines over a temperature of 0.2.
    expect(contrastive.gradient).toBeAllClose(
      [
        -0.00304749, 0.02213403, 0.00459772, 0.22102441, 0.01794219, -0.10011159, -0.067667, 0.18137357, 0.11649129, -0.00223104,
        -0.02199412, 0.0244987,
      ],
      { rtol: 1e-5, atol: 2e-7 },
    );
    expect([evaluate((a, b) => ntXentLoss(a, b, { temperature: 0.5 }), Z).value]).toBeAllClose([0.349100432], { rtol: 1e-5 });
    const margin = evaluate((a, b) => angularMarginLoss(a, b, authors), H);
    expect([margin.value]).toBeAllClose([0.079268182], { rtol: 1e-5 });
    expect(margin.gradient).toBeAllClose(
      [
        -0.00407736, -0.01329721, 0.022456, -0.13045752, 0.01124634, 0.00449854, -0.03086301, 0.0689282, 0.00205423, 0.12149455,
        -0.16591715, -0.07118533,
      ],
      { rtol: 1e-5, atol: 2e-7 },
    );
    tf.tidy(() => {
      const [zA, zB] = [Z.slice(0, 2), Z.slice(2)].map((rows) => tf.tensor2d(rows));
      const [hA, hB] = [H.slice(0, 2), H.slice(2)].map((rows) => tf.tensor2d(rows));
      const views = { embeddings: [hA, hB], projections: [zA, zB] } as const;
      const { loss, contrastiveLoss, marginLoss } = angularContrastiveLoss(views, authors);
      const values = [loss, contrastiveLoss, marginLoss].map((scalar) => scalar.dataSync()[0]);
      expect(values).toBeAllClose([0.072045161, 0.055191443, 0.079268182], { rtol: 1e-5 });
      const onProjection = angularContrastiveLoss(views, { ...authors, marginOn: 'projection' }).marginLoss;
      expect(onProjection.dataSync()).toBeAllClose(angularMarginLoss(zA, zB, authors).dataSync(), { rtol: 1e-6 });
      const supervised = supervisedAngularMarginLoss(tf.tensor2d(H), tf.tensor1d([0, 0, 1, 1], 'int32'), authors);
      expect(supervised.dataSync()).toBeAllClose([0.061190727], { rtol: 1e-5 });
    });
  });

  it.each([
    [2, 3, 0.2],
    [3, 2, 0.1],
    [5, 8, 0.5],
    [8, 4, 1],
  ])('ntXentLoss equals the loops and finite differences: %i pairs of %i values, temperature %f', (pairs, dim, temperature) => {
    const rows = randomRows(2 * pairs, dim, pairs);
    const oracle = (flat: number[]) =>
      mean(ntXentRows(toRows(flat.slice(0, pairs * dim), dim), toRows(flat.slice(pairs * dim), dim), temperature));
    const { value, gradient } = evaluate((a, b) => ntXentLoss(a, b, { temperature }), rows);
    expect([value]).toBeAllClose([oracle(rows.flat())], { rtol: 2e-6 });
    expect(gradient).toBeAllClose(numericGradient(oracle, rows.flat()), { rtol: 1e-4, atol: 2e-6 });
  });

  it.each([
    [2, 3, 0.5],
    [3, 2, 1.2],
    [6, 5, 2.5],
  ])('angularMarginLoss equals the loops and finite differences: %i pairs of %i values, margin %f', (pairs, dim, marginRadians) => {
    const rows = randomRows(2 * pairs, dim, 40 + pairs);
    const oracle = (flat: number[]) => weighted(marginPairs(toRows(flat, dim), twice(pairs), marginRadians));
    const { value, gradient } = evaluate((a, b) => angularMarginLoss(a, b, { marginRadians }), rows);
    expect([value]).toBeAllClose([oracle(rows.flat())], { rtol: 1e-5 });
    expect(gradient).toBeAllClose(numericGradient(oracle, rows.flat()), { rtol: 1e-4, atol: 1e-6 * 2600 });
  });

  it('supervisedAngularMarginLoss equals the loops and finite differences, and its positive part is 0 without positives', () => {
    const labels = [0, 1, 0, 2, 1, 0];
    const rows = randomRows(6, 4, 60);
    const loss = (labels: number[]) => (x: tf.Tensor) =>
      supervisedAngularMarginLoss(x as tf.Tensor2D, tf.tensor1d(labels, 'int32'), {
        marginRadians: 1.5,
        positiveWeight: 3,
        negativeWeight: 7,
      });
    const oracle = (flat: number[]) => {
      const { positives, negatives } = marginPairs(toRows(flat, 4), labels, 1.5);
      return 3 * mean(positives) + 7 * mean(negatives);
    };
    tf.tidy(() => {
      const { value, grad } = tf.valueAndGrad(loss(labels))(tf.tensor2d(rows));
      expect(value.dataSync()).toBeAllClose([oracle(rows.flat())], { rtol: 1e-5 });
      expect(grad.dataSync()).toBeAllClose(numericGradient(oracle, rows.flat()), { rtol: 1e-4, atol: 1e-5 });
      const alone = loss([0, 1, 2, 3, 4, 5])(tf.tensor2d(rows)).dataSync();
      expect(alone).toBeAllClose([7 * mean(marginPairs(rows, [0, 1, 2, 3, 4, 5], 1.5).negatives)], { rtol: 1e-5 });
    });
  });

  it('mean with the default weights equals the authors’ sums at 128 pairs', () => {
    tf.tidy(() => {
      const [a, b] = [70, 71].map((key) => tf.abs(tf.tensor2d(scatter(128 * 16, key, 1), [128, 16])) as tf.Tensor2D);
      expect(angularMarginLoss(a, b).dataSync()).toBeAllClose(angularMarginLoss(a, b, authors).dataSync(), { rtol: 1e-5 });
    });
  });

  it('is ln(2n - 1) when all rows are equal, 0 in the margin when positives agree and negatives are far', () => {
    for (const n of [2, 5, 64]) {
      const rows = Array.from({ length: 2 * n }, () => [0.3, -0.2, 0.9]);
      expect([evaluate((a, b) => ntXentLoss(a, b), rows).value]).toBeAllClose([Math.log(2 * n - 1)], { rtol: 2e-6 });
    }
    const far = [
      [1, 0],
      [0, 1],
      [2, 0],
      [0, 3],
    ];
    const { value, gradient } = evaluate((a, b) => angularMarginLoss(a, b), far);
    expect([value, ...gradient]).toBeAllClose(new Array(9).fill(0), { atol: 1e-6 });
    // Two right angles between views: theta^2 = (pi / 2)^2 for each positive; the negatives coincide, (margin - 0)^2 each way.
    const swapped = evaluate(
      (a, b) => angularMarginLoss(a, b),
      [
        [1, 0],
        [0, 1],
        [0, 1],
        [1, 0],
      ],
    );
    expect([swapped.value]).toBeAllClose([10.24 * (Math.PI / 2) ** 2 + (2600.96 * 0.25) / 2], { rtol: 1e-5 });
  });

  it('stays finite, gradients too, at equal, opposite, zero, huge and tiny rows and at the lowest temperature', () => {
    const e = [1, 2, -1];
    const minus = e.map((value) => -value);
    const cases: Rows[] = [
      [e, e, e, e],
      [e, minus, minus, e],
      [e, e, minus, minus],
      [[0, 0, 0], e, [1, 0, 0], [0, 1, 0]],
      [[1e30, 0, 1e30], e, e, [1e-20, 0, 0]],
    ];
    for (const rows of cases) {
      for (const loss of [
        (a: tf.Tensor2D, b: tf.Tensor2D) => ntXentLoss(a, b, { temperature: 0.005 }),
        (a: tf.Tensor2D, b: tf.Tensor2D) => angularMarginLoss(a, b),
        (a: tf.Tensor2D, b: tf.Tensor2D) => angularMarginLoss(a, b, { ...authors, marginRadians: Math.PI }),
      ]) {
        const { value, gradient } = evaluate(loss, rows);
        expect([value, ...gradient].filter((number) => !Number.isFinite(number))).toEqual([]);
        // A row without direction is not moved.
        for (const [i, row] of rows.entries())
          if (Math.hypot(...row) === 0) expect(gradient.slice(3 * i, 3 * i + 3).map(Math.abs)).toEqual([0, 0, 0]);
      }
    }
    // Nearly equal negatives: the gradient keeps the length 2 (margin - theta) x weight / pairs instead of blowing up.
    const near = evaluate(
      (a, b) => angularMarginLoss(a, b),
      [
        [1, 0],
        [1, 0.01],
        [1, 0],
        [1, 0.01],
      ],
    );
    const pushed = (2600.96 / 8) * 2 * (0.5 - Math.atan(0.01)) * 4;
    expect([Math.hypot(near.gradient[0], near.gradient[1])]).toBeAllClose([pushed], { rtol: 0.01 });
  });

  it('does not depend on the views’ order, the pairs’ order or the rows’ lengths', () => {
    const losses: PairLoss[] = [(a, b) => ntXentLoss(a, b), (a, b) => angularMarginLoss(a, b, { marginRadians: 1.5 })];
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (n, key, factor) => {
          const rows = randomRows(2 * n, 5, key);
          const [a, b] = [rows.slice(0, n), rows.slice(n)];
          const turned = [...a.slice(1), a[0], ...b.slice(1), b[0]];
          const stretched = rows.map((row, i) => row.map((value) => value * factor ** (i % 3)));
          for (const loss of losses) {
            const { value } = evaluate(loss, rows);
            for (const same of [[...b, ...a], turned, stretched])
              expect([evaluate(loss, same).value]).toBeAllClose([value], { rtol: 1e-5, atol: 1e-6 });
          }
        },
      ),
      { numRuns: 8, seed: 1 },
    );
  });

  it('crossEntropyLoss equals its definition and finite differences, without overflow', () => {
    const logits = scatter(15, 80, 3);
    const labels = [2, 0, 1, 1, 2];
    const oracle = (flat: number[]) =>
      mean(toRows(flat, 3).map((row, i) => Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[labels[i]]));
    tf.tidy(() => {
      const loss = (x: tf.Tensor) => crossEntropyLoss(x as tf.Tensor2D, tf.tensor1d(labels, 'int32'));
      const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d(logits, [5, 3]));
      expect(value.dataSync()).toBeAllClose([oracle(logits)], { rtol: 2e-6 });
      expect(grad.dataSync()).toBeAllClose(numericGradient(oracle, logits), { rtol: 1e-4, atol: 1e-6 });
      expect(loss(tf.zeros([5, 3])).dataSync()).toBeAllClose([Math.log(3)], { rtol: 1e-6 });
      expect(loss(tf.fill([5, 3], 1e4)).dataSync()).toBeAllClose([Math.log(3)], { rtol: 1e-6 });
    });
  });
});

describe('arguments of the losses', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  it('are refused by name when they do not fit', () => {
    tf.tidy(() => {
      const a = tf.ones<tf.Rank.R2>([3, 4]);
      expect(() => ntXentLoss(a, tf.ones([3, 5]))).toThrow(/ntXentLoss: both views must be \[n, dim\] of one shape.*\[3,4\] and \[3,5\]/);
      expect(() => angularMarginLoss(tf.ones([1, 4]), tf.ones([1, 4]))).toThrow(/n >= 2/);
      expect(() => ntXentLoss(a, a, { temperature: 1e-9 })).toThrow(/temperature must be 0.001 or more, got 1e-9/);
      expect(() => angularMarginLoss(a, a, { marginRadians: 4 })).toThrow(/marginRadians must be in 0 .. pi, got 4/);
      expect(() => supervisedAngularMarginLoss(a, tf.tensor1d([0, 1]))).toThrow(/type int32/);
    });
  });

  it('have the authors’ best setting as defaults, and nothing else is accepted', () => {
    expect(angularContrastiveOptions.parse({})).toEqual({
      name: 'angularContrastive',
      temperature: 0.2,
      contrastiveWeight: 0.3,
      marginRadians: 0.5,
      marginOn: 'embedding',
      reduction: 'mean',
      positiveWeight: 10.24,
      negativeWeight: 2600.96,
      divisor: 25,
    });
    expect(angularContrastiveOptions.safeParse({ alpha: 0.3 }).success).toBe(false);
  });
});
