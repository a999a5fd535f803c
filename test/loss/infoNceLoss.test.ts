import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { type InfoNceOptions, infoNce, infoNceLoss } from '../../src/loss/infoNceLoss.js';
import { ntXentLoss } from '../../src/loss/ntXentLoss.js';
import { crossPairs, labelPairs, queuePairs } from '../../src/loss/pairs.js';
import { numericGradient } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';
import { int32, lossNamed, lossOf, randomRows, toRows, Z } from './lossRows.js';
import { mean, type Rows, unit } from './oracles.js';

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The loss by its equation, in loops: rows of one label are positives. */
function infoNceLoops(rows: Rows, labels: number[], { temperature = 0.2, m1 = 0, m2 = 0, beta = 1 }: InfoNceOptions): number {
  const units = rows.map(unit);
  const perAnchor = units.flatMap((anchor, i) => {
    const others = units.flatMap((other, j) => (j === i ? [] : [{ angle: Math.acos(dot(anchor, other)), q: labels[i] === labels[j] }]));
    const logits = others.map(({ angle, q }) => (q ? Math.cos(angle + m1) - m2 : Math.cos(angle)) / temperature);
    const positives = logits.filter((_, j) => others[j].q);
    if (positives.length === 0) return [];
    return [beta * Math.log(logits.reduce((sum, l) => sum + Math.exp(l), 0)) - mean(positives)];
  });
  return mean(perAnchor);
}

/** dL / d theta of one anchor [1, 0] with candidates at the given angles, the first being the positive. */
function angleGradients(angles: number[], options: InfoNceOptions): { value: number; gradient: number[] } {
  const checked = lossNamed('infoNce', options).options as Parameters<typeof infoNce.compute>[1];
  return tf.tidy(() => {
    const theta = tf.tensor1d(angles);
    const { value, grad } = tf.valueAndGrad((t: tf.Tensor) => {
      const candidates = tf.stack<tf.Tensor>([tf.cos(t), tf.sin(t)], 1) as tf.Tensor2D;
      const isPositive = tf.tensor2d([angles.map((_, j) => (j === 0 ? 1 : 0))]);
      return infoNce.compute({ anchors: tf.tensor2d([[1, 0]]), candidates, isPositive, isNegative: tf.sub(1, isPositive) }, checked);
    })(theta);
    return { value: value.dataSync()[0], gradient: [...grad.dataSync()] };
  });
}

describe.each(availableBackends)('infoNceLoss on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  const angles = [0.6, 1.1, 1.4, 1.8];
  const plain = [0.5391945, -0.613477, -0.21814235, -0.04401928];

  it('has the golden values of the reference (float64, 14.1)', () => {
    const { value, gradient } = angleGradients(angles, { temperature: 0.25 });
    expect([value]).toBeAllClose([0.27277074], { rtol: 1e-5 });
    expect(gradient).toBeAllClose(plain, { rtol: 2e-6, atol: 1e-7 });
    const m2 = angleGradients(angles, { temperature: 0.25, m2: 0.4 }).gradient;
    expect(m2.map((g, j) => g / plain[j])).toBeAllClose([2.54822567, 2.54822567, 2.54822567, 2.54822567], { rtol: 5e-6 });
    const m1 = angleGradients(angles, { temperature: 0.25, m1: 0.3 }).gradient;
    expect(m1.map((g, j) => g / plain[j])).toBeAllClose([2.40962162, 1.73691813, 1.73691813, 1.73691813], { rtol: 5e-6 });
    expect([angleGradients(angles, { temperature: 0.25, m1: 0.3, m2: 0.4 }).value]).toBeAllClose([1.50602208], { rtol: 2e-6 });
  });

  it('shapes gradients by the weights of the paper and leaves values alone', () => {
    const p = 0.76126729;
    const cases: [InfoNceOptions, number, number][] = [
      [{ s: 10 }, 10, 1],
      [{ s: 2, c: 0.7 }, 2 * (1 - (0.6 / Math.PI) ** 0.7), 1],
      [{ c: 2.5 }, 1 - (0.6 / Math.PI) ** 2.5, 1],
      [{ attenuation: 'I', lambda: 0.25 }, 1 / (1 - 0.25 * p), 1 / (1 - 0.25 * p)],
      [{ attenuation: 'II', lambda: 0.25 }, 1 / (1 - 0.25 * p), 1],
      [{ attenuation: 'II', lambda: 1, s: 3 }, 3 / (1 - p), 1],
    ];
    for (const [options, ofPositive, ofNegatives] of cases) {
      const { value, gradient } = angleGradients(angles, { temperature: 0.25, ...options });
      expect([value]).toBeAllClose([0.27277074], { rtol: 1e-5 });
      expect(gradient).toBeAllClose(
        plain.map((g, j) => g * (j === 0 ? ofPositive : ofNegatives)),
        { rtol: 1e-5, atol: 1e-7 },
      );
    }
  });

  it('with attenuation I at lambda = 1 - exp(-m2 / temperature) has the gradient of the subtractive margin', () => {
    const margin = angleGradients(angles, { temperature: 0.25, m2: 0.4 }).gradient;
    const shaped = angleGradients(angles, { temperature: 0.25, attenuation: 'I', lambda: 1 - Math.exp(-0.4 / 0.25) }).gradient;
    expect(shaped).toBeAllClose(margin, { rtol: 1e-5, atol: 1e-7 });
  });

  it.each([
    [6, 3, { temperature: 0.5, m1: 0.3, m2: 0.2 }],
    [8, 5, { temperature: 0.2, m1: 0.5, m2: 0 }],
    [7, 4, { temperature: 1, m1: 0, m2: 0.4, beta: 0.5 }],
    [5, 4, { temperature: 0.3, beta: 0 }],
  ])('equals the loops and finite differences: %i rows of %i values, %o', (rows, dim, options) => {
    const labels = Array.from({ length: rows }, (_, i) => (i * 7) % 3);
    const checked = lossNamed('infoNce', options).options as Parameters<typeof infoNce.compute>[1];
    const x = randomRows(rows, dim, rows);
    const oracle = (flat: number[]) => infoNceLoops(toRows(flat, dim), labels, options);
    const { value, gradient } = lossOf((z) => infoNce.compute(labelPairs(z, int32(labels)), checked), x);
    expect([value]).toBeAllClose([oracle(x.flat())], { rtol: 1e-5 });
    // Float32 cosines over the temperature; a quotient of sines for m1.
    expect(gradient).toBeAllClose(numericGradient(oracle, x.flat()), { rtol: 1e-4, atol: 1e-5 });
  });

  it('is NT-Xent with its defaults, in value and gradient', () => {
    const rows = randomRows(10, 6, 3);
    const halves = (z: tf.Tensor2D) => tf.split<tf.Tensor2D>(z, 2) as [tf.Tensor2D, tf.Tensor2D];
    const general = lossOf((z) => infoNceLoss(...halves(z), { temperature: 0.1 }), rows);
    const fused = lossOf((z) => ntXentLoss(...halves(z), { temperature: 0.1 }), rows);
    expect([general.value]).toBeAllClose([fused.value], { rtol: 1e-5 });
    expect(general.gradient).toBeAllClose(fused.gradient, { rtol: 1e-4, atol: 2e-6 });
  });

  it('takes pairs in one direction, and keys with a queue, as loops do', () => {
    const [q, k, older] = [randomRows(3, 4, 1), randomRows(3, 4, 2), randomRows(5, 4, 3)];
    const oracle = (candidates: (i: number) => number[][]) =>
      mean(
        q.map((query, i) => {
          const logits = [k[i], ...candidates(i)].map((row) => dot(unit(query), unit(row)) / 0.2);
          return Math.log(logits.reduce((sum, l) => sum + Math.exp(l), 0)) - logits[0];
        }),
      );
    const checked = lossNamed('infoNce').options as Parameters<typeof infoNce.compute>[1];
    tf.tidy(() => {
      const [queries, keys, queue] = [q, k, older].map((rows) => tf.tensor2d(rows));
      expect(infoNce.compute(crossPairs(queries, keys), checked).dataSync()).toBeAllClose([oracle((i) => k.filter((_, j) => j !== i))], {
        rtol: 1e-5,
      });
      expect(infoNce.compute(queuePairs(queries, keys, queue), checked).dataSync()).toBeAllClose([oracle(() => older)], { rtol: 1e-5 });
    });
  });
});

describe('arguments of infoNceLoss', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  it('are refused with the option and its value', () => {
    const [a, b] = [Z.slice(0, 2), Z.slice(2)].map((rows) => tf.tensor2d(rows));
    const refuse = (options: object, message: RegExp) => expect(() => infoNceLoss(a, b, options)).toThrow(message);
    refuse({ temperature: 0 }, /^infoNceLoss: temperature must be >= 0.001, got 0$/);
    refuse({ m1: 4 }, /^infoNceLoss: m1 must be <= 3.14159265\d*, got 4$/);
    refuse({ m2: -1 }, /^infoNceLoss: m2 must be >= 0, got -1$/);
    refuse({ s: 0 }, /^infoNceLoss: s must be > 0, got 0$/);
    refuse({ lambda: 1.5 }, /^infoNceLoss: lambda must be <= 1, got 1.5$/);
    refuse({ attenuation: 'III' }, /^infoNceLoss: attenuation must be I or II, got III$/);
    refuse({ temprature: 1 }, /^infoNceLoss: unknown option temprature; did you mean "temperature"\?$/);
    expect(() => tf.tidy(() => infoNceLoss(a, tf.ones([3, 3])))).toThrow(
      /needs 2 views or more, each \[n, dim\] of one shape.*\[2,3\], \[3,3\]/,
    );
    tf.dispose([a, b]);
  });
});
