import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { runStages, runStagesInParts } from '../../src/nn/layers.js';
import { scatter } from '../ops/numeric.js';

const [time, mel] = [101, 96];
const patches = (batch: number) => tf.tensor4d(scatter(batch * time * mel, 1, 2), [batch, time, mel, 1]);

describe('stages of a network over parts of the batch', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  /** Sizes of the batches that the first stage sees. */
  let seen: number[] = [];
  const stages = [
    (x: tf.Tensor4D) => {
      seen.push(x.shape[0]);
      return tf.square(x);
    },
    (x: tf.Tensor4D) => tf.maxPool(x, 3, 2, 'valid'),
    (x: tf.Tensor4D) => tf.concat([x, tf.neg(x)], 3),
  ];

  it.each([
    { batch: 1, sizes: [1] },
    { batch: 31, sizes: [16, 15] },
    { batch: 16, sizes: [16] },
    { batch: 50, sizes: [17, 16, 17] },
    { batch: 64, sizes: [16, 16, 16, 16] },
    { batch: 131, sizes: [33, 33, 32, 33] },
  ])('give what they give of $batch patches at once, in parts of $sizes', ({ batch, sizes }) => {
    const x = patches(batch);
    const before = tf.memory().numTensors;
    seen = [];
    const [inParts, whole] = [runStagesInParts(x, stages, { isTraining: false }), runStages(x, stages)];
    expect(seen).toEqual([...sizes, batch]);
    expect(inParts.shape).toEqual(whole.shape);
    expect(Buffer.from(inParts.dataSync().buffer).equals(Buffer.from(whole.dataSync().buffer))).toBe(true);
    tf.dispose([inParts, whole]);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it('are for evaluation alone: training and gradients see the whole batch', () => {
    const x = patches(64);
    seen = [];
    runStagesInParts(x, stages, { isTraining: true }).dispose();
    const gradient = tf.grad((given) => tf.sum(runStagesInParts(given as tf.Tensor4D, stages, { isTraining: false })))(x);
    expect(seen).toEqual([64, 64]);
    tf.dispose([x, gradient]);
  });
});
