import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { type ContrastiveLossOptions, contrastiveLossOptions } from '../../src/loss/lossOptions.js';
import { simclr } from '../../src/method/simclr.js';
import { createEncoder } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { projectionHead } from '../../src/nn/projectionHead.js';
import { tinyEncoder } from '../nn/tinyEncoder.js';
import { availableBackends } from '../support/backends.js';
import { randomViews, readValues } from './views.js';

/** The smallest patch that three poolings leave something of. */
const size: [number, number, number] = [6, 8, 8];

function makeMethod(options: Partial<ContrastiveLossOptions> = {}, encoder = createEncoder({ name: 'vgg' })) {
  const encoderParameters = encoder.createParameters({ seed: 1 });
  const head = projectionHead({ inputSize: encoder.embeddingSize, hiddenSize: 8, outputSize: 6 });
  const headParameters = head.createParameters({ seed: 1 });
  const method = simclr({
    encoder,
    encoderParameters,
    head,
    headParameters,
    loss: contrastiveLossOptions.parse({ name: 'angularContrastive', ...options }),
  });
  const dispose = () => {
    disposeParameters(encoderParameters);
    disposeParameters(headParameters);
  };
  return { method, dispose };
}

// Plain JavaScript takes seconds a step; its step is compared below.
const quickBackends = availableBackends.filter((name) => name !== 'cpu');

describe.each(quickBackends)('simclr on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('changes running statistics in a step, weights never, and nothing at all in an evaluation', () => {
    const { method, dispose } = makeMethod();
    const views = randomViews(size);
    const before = readValues(method.parameters);
    method.evaluate(views);
    expect(readValues(method.parameters)).toEqual(before);
    const { gradients } = method.step(views);
    const after = readValues(method.parameters);
    for (const [name, values] of before) {
      const isRunning = /running_(mean|var)$/.test(name);
      if (isRunning) expect(after.get(name), name).not.toEqual(values);
      else expect(after.get(name), name).toEqual(values);
    }
    expect([...gradients.keys()].sort()).toEqual([...method.trainable.keys()].sort());
    tf.dispose([views, ...gradients.values()]);
    dispose();
  });

  it('weighs the parts as it says, and takes NT-Xent alone under that name', () => {
    const views = randomViews(size);
    for (const [options, weight] of [
      [{ contrastiveWeight: 0.3 }, 0.3],
      [{ contrastiveWeight: 0.9, marginOn: 'projection' }, 0.9],
      [{ name: 'ntXent' }, 1],
    ] as const) {
      const { method, dispose } = makeMethod(options);
      const { loss, contrastiveLoss, marginLoss, gradients } = method.step(views);
      // One rounding a term in float32.
      expect(loss).toBeCloseTo(weight * contrastiveLoss + (1 - weight) * marginLoss!, 4);
      tf.dispose([...gradients.values()]);
      dispose();
    }
    views.dispose();
  });

  it('leaves no tensor behind', () => {
    const { method, dispose } = makeMethod();
    const views = randomViews(size);
    const takeStep = () => tf.dispose([...method.step(views).gradients.values()]);
    takeStep();
    const { numTensors } = tf.memory();
    for (let i = 0; i < 3; i++) takeStep();
    method.evaluate(views);
    expect(tf.memory().numTensors).toBe(numTensors);
    views.dispose();
    dispose();
  });
});

describe('a step on every backend', () => {
  const results = new Map<string, { losses: number[]; gradient: Float32Array; slope: number }>();

  beforeAll(async () => {
    for (const backend of availableBackends) {
      await setBackend({ backend });
      const { method, dispose } = makeMethod({ temperature: 0.5 }, tinyEncoder());
      const views = randomViews(size);
      const { loss, contrastiveLoss, marginLoss, gradients } = method.step(views);
      const [name] = method.trainable.keys();
      const gradient = Float32Array.from(gradients.get(name)!.dataSync());
      // Central difference of the training loss along the gradient itself: its expected value is the gradient's squared norm.
      const variable = method.trainable.get(name)!;
      const values = Float32Array.from(variable.dataSync());
      const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      const epsilon = 1e-3;
      const lossAt = (sign: number) => {
        tf.tidy(() =>
          variable.assign(
            tf.tensor(
              values.map((value, i) => value + (sign * epsilon * gradient[i]) / norm),
              variable.shape,
            ),
          ),
        );
        const result = method.step(views);
        tf.dispose([...result.gradients.values()]);
        return result.loss;
      };
      const slope = (lossAt(1) - lossAt(-1)) / (2 * epsilon) / norm;
      results.set(backend, { losses: [loss, contrastiveLoss, marginLoss!], gradient, slope });
      tf.dispose([views, ...gradients.values()]);
      dispose();
    }
  });
  afterAll(() => results.clear());

  it.each(availableBackends)('%s gives the losses and gradients of cpu', (backend) => {
    const cpu = results.get('cpu')!;
    const other = results.get(backend)!;
    // float32 sums in another order through nine layers.
    expect(other.losses).toBeAllClose(cpu.losses, { rtol: 1e-4 });
    const largest = Math.max(...cpu.gradient.map(Math.abs));
    expect(other.gradient).toBeAllClose(cpu.gradient, { rtol: 1e-3, atol: 1e-3 * largest });
  });

  it.each(availableBackends)('%s: the gradient is the slope of the loss', (backend) => {
    // Central difference: its own error is about epsilon squared times the third derivative, and float32 rounding over 2 epsilon.
    expect(results.get(backend)!.slope).toBeGreaterThan(0.97);
    expect(results.get(backend)!.slope).toBeLessThan(1.03);
  });
});
