import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { createEncoder } from '../../src/nn/createEncoder.js';

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
});

describe('logMelStatistics', () => {
  it('is the mean and the deviation over time of each band, with no weights and no leaks', () => {
    const [batch, time, mel] = [3, 7, 4];
    const values = Array.from({ length: batch * time * mel }, (_, i) => Math.sin(i * i) * (1 + (i % mel)) - 3);
    const at = (b: number, t: number, m: number) => values[(b * time + t) * mel + m];
    const expected = Array.from({ length: batch }, (_, b) => {
      const bands = Array.from({ length: mel }, (_, m) => Array.from({ length: time }, (_, t) => at(b, t, m)));
      const mean = bands.map((band) => band.reduce((sum, value) => sum + value, 0) / time);
      const deviation = bands.map((band, m) => Math.sqrt(band.reduce((sum, value) => sum + (value - mean[m]) ** 2, 0) / time));
      return [...mean, ...deviation];
    });
    const encoder = createEncoder({ name: 'logMelStatistics' }, { nMels: mel });
    const parameters = encoder.createParameters({ seed: 1 });
    expect([encoder.embeddingSize, parameters.size]).toEqual([2 * mel, 0]);
    const before = tf.memory().numTensors;
    const views = tf.tensor3d(values, [batch, time, mel]);
    const h = encoder.forward(parameters, views, { isTraining: false });
    expect(tf.memory().numTensors).toBe(before + 2);
    // float32 sums of 7 values
    expect(h.dataSync()).toBeAllClose(expected.flat(), { rtol: 1e-5, atol: 1e-6 });
    tf.dispose([views, h]);
  });
});
