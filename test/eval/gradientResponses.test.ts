import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { anglesAndGradients, gradientResponses } from '../../src/eval/gradientResponses.js';
import { scatter } from '../ops/numeric.js';

const row = (angles: number[], numPositives: number) =>
  tf.tidy(() => {
    const isPositive = tf.tensor2d([angles.map((_, i) => (i < numPositives ? 1 : 0))]);
    return { cosine: tf.tensor2d([angles.map(Math.cos)]), isPositive, isNegative: tf.sub<tf.Tensor2D>(1, isPositive) };
  });

beforeAll(() => setBackend({ backend: 'cpu' }));

describe('anglesAndGradients', () => {
  it('has the golden gradients of InfoNCE (float64, 14.1)', () => {
    tf.tidy(() => {
      const angles = [0.6, 1.1, 1.4, 1.8];
      const got = anglesAndGradients(row(angles, 1), 'infoNce', { temperature: 0.25 });
      expect(got.angles).toBeAllClose(angles, { rtol: 1e-6 });
      expect(got.gradients).toBeAllClose([0.5391945, -0.613477, -0.21814235, -0.04401928], { rtol: 1e-5 });
    });
  });

  it('has the gradients of TCL that its paper derives', () => {
    tf.tidy(() => {
      const [temperature, k1, k2] = [0.1, 500, 3];
      const angles = [0.4, 1.9, 1.2, 2.2];
      const s = angles.map(Math.cos);
      const [positives, negatives] = [s.slice(0, 2), s.slice(2)];
      const e = (value: number) => Math.exp(value / temperature);
      const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
      const d = sum(positives.map(e)) + k1 * sum(positives.map((p) => Math.exp(-p))) + k2 * sum(negatives.map(e));
      // By the cosine: (P - X - Y) / temperature at positives, P / temperature at negatives; times -sine by the angle.
      const bySine = [
        ...positives.map((p) => (e(p) / d - 1 / 2 - (temperature * k1 * Math.exp(-p)) / d) / temperature),
        ...negatives.map((n) => (k2 * e(n)) / d / temperature),
      ];
      const got = anglesAndGradients(row(angles, 2), 'tcl', { temperature, k1, k2 });
      const expected = bySine.map((slope, i) => -Math.sin(angles[i]) * slope);
      expect(got.gradients).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-6 });
    });
  });
});

describe('gradientResponses', () => {
  const n = 8;
  const dim = 4;
  const pairs = { first: Float32Array.from(scatter(n * dim, 1, 1)), second: Float32Array.from(scatter(n * dim, 2, 1)), dim };

  it('multiplies the pull by s and by the curvature, and leaves the push alone', () => {
    const { numTensors } = tf.memory();
    const responses = gradientResponses(pairs, { temperature: 0.25 });
    expect(tf.memory().numTensors).toBe(numTensors);
    const of = (option: string, kind: string) => responses.find((one) => one.option === option && one.kind === kind)!.series;
    const [plain, , tenfold] = of('s', 'positive');
    for (const source of ['curve', 'measured'] as const) {
      expect(tenfold[source].map(([, gradient]) => gradient)).toBeAllClose(plain[source].map(([, gradient]) => 10 * gradient), { rtol: 2e-5, atol: 1e-6 }); // biome-ignore format: one line
      const curved = of('c', 'positive')[3];
      expect(curved.value).toBe(2.5);
      expect(curved[source].map(([, gradient]) => gradient)).toBeAllClose(plain[source].map(([angle, gradient]) => (1 - (angle / Math.PI) ** 2.5) * gradient), { rtol: 1e-4, atol: 1e-5 }); // biome-ignore format: one line
    }
    const push = of('s', 'negative');
    expect(push[2].curve.flat()).toBeAllClose(push[0].curve.flat(), { rtol: 2e-6, atol: 1e-7 });
    // Each anchor has one positive and 2n - 2 negatives; of more than 60 a sample is kept.
    expect(plain.measured.length).toBe(2 * n);
    expect(push[0].measured.length).toBe(60);
  });

  it('draws a curve that is the loss of one anchor differentiated by an angle, in loops', () => {
    const responses = gradientResponses(pairs, { temperature: 0.25 });
    const unit = (rows: Float32Array) => Array.from({ length: n }, (_, i) => rows.slice(i * dim, (i + 1) * dim)).map((r) => r.map((v) => v / Math.hypot(...r))); // biome-ignore format: one line
    const rows = [...unit(pairs.first), ...unit(pairs.second)];
    const cosine = rows.map((a) => rows.map((b) => a.reduce((total, value, d) => total + value * b[d], 0)));
    const sums = cosine.map((values, i) => values.reduce((total, value, j) => total + (i === j ? 0 : Math.exp(value / 0.25)), 0));
    const typical = [...sums.keys()].sort((i, j) => sums[i] - sums[j])[n];
    const others = cosine[typical].filter((_, j) => j !== typical && j !== (typical + n) % (2 * n));
    const lossAt = (angle: number) => {
      const positive = Math.cos(angle) / 0.25;
      return Math.log(Math.exp(positive) + others.reduce((total, value) => total + Math.exp(value / 0.25), 0)) - positive;
    };
    const { curve } = responses.find(({ option, kind }) => option === 'm1' && kind === 'positive')!.series[0];
    const expected = curve.map(([angle]) => (lossAt(angle + 1e-5) - lossAt(angle - 1e-5)) / 2e-5);
    expect(curve.map(([, gradient]) => gradient)).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-4 });
  });
});
