import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { deviationOverTime } from '../../src/ops/deviationOverTime.js';
import { availableBackends } from '../support/backends.js';
import { numericGradient, scatter } from './numeric.js';

const [batch, time, channels] = [2, 5, 3];
const values = scatter(batch * time * channels, 4, 2).map(Math.fround);
// The last channel of the second patch does not move.
for (let t = 0; t < time; t++) values[(time + t) * channels + 2] = 0.75;
const weights = scatter(batch * channels, 5, 1);

function loop(x: readonly number[]): number[] {
  return Array.from({ length: batch * channels }, (_, i) => {
    const [b, c] = [Math.floor(i / channels), i % channels];
    const series = Array.from({ length: time }, (_, t) => x[(b * time + t) * channels + c]);
    const mean = series.reduce((sum, value) => sum + value, 0) / time;
    return Math.sqrt(series.reduce((sum, value) => sum + (value - mean) ** 2, 0) / time);
  });
}

describe.each(availableBackends)('deviationOverTime on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('equals a loop, and its gradient finite differences; what does not move has deviation and gradient 0', () => {
    const x = tf.tensor3d(values, [batch, time, channels]);
    const deviation = deviationOverTime(x);
    expect(deviation.shape).toEqual([batch, channels]);
    expect(deviation.dataSync()).toBeAllClose(loop(values), { rtol: 1e-6, atol: 1e-7 });

    const gradient = tf.grad((x) => tf.sum(tf.mul(deviationOverTime(x as tf.Tensor3D), tf.tensor2d(weights, [batch, channels]))))(x);
    const still = (i: number) => i >= time * channels && i % channels === 2;
    const weighted = (x: number[]) => loop(x).reduce((sum, value, i) => sum + value * weights[i], 0);
    const expected = numericGradient(weighted, values).map((slope, i) => (still(i) ? 0 : slope));
    // Central differences of step 1e-5 are exact to some 1e-9 here; float32 is not.
    expect(gradient.dataSync()).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-6 });
    tf.dispose([x, deviation, gradient]);
  });
});
