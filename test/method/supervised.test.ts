import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { crossEntropyMarginLoss } from '../../src/loss/crossEntropyMarginLoss.js';
import { supervisedLossOptions } from '../../src/loss/lossOptions.js';
import { marginFeature, supervised } from '../../src/method/supervised.js';
import { createEncoder } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { classifier } from '../../src/nn/projectionHead.js';
import { dropoutMask } from '../../src/ops/dropout.js';
import { availableBackends } from '../support/backends.js';
import { randomViews, readValues } from './views.js';

/** The smallest patch that supCnn takes. */
const size: [number, number, number] = [6, 16, 8];
const labels = Int32Array.of(0, 1, 2, 0, 1, 1);
const key = { seed: 3, step: 4 };

function makeMethod(options: object = {}, name: 'supCnn' | 'vgg' = 'supCnn') {
  const encoder = createEncoder({ name }, { nMels: size[2], patchFrames: size[1] });
  const encoderParameters = encoder.createParameters({ seed: 1 });
  const head = classifier({ inputSize: encoder.embeddingSize, numClasses: 3 });
  const headParameters = head.createParameters({ seed: 1 });
  const method = supervised({ encoder, encoderParameters, head, headParameters, loss: supervisedLossOptions.parse(options) });
  const dispose = () => {
    disposeParameters(encoderParameters);
    disposeParameters(headParameters);
  };
  return { method, encoder, encoderParameters, head, headParameters, dispose };
}

// Plain JavaScript takes seconds a step; its ops are held to their oracles in test/ops.
describe.each(availableBackends.filter((name) => name !== 'cpu'))('supervised on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('changes running statistics in a step, weights never, nothing at all in an evaluation, and leaves no tensor', () => {
    const { method, dispose } = makeMethod();
    const views = randomViews(size);
    const before = readValues(method.parameters);
    method.evaluate(views, labels);
    expect(readValues(method.parameters)).toEqual(before);
    const { numTensors } = tf.memory();
    const { gradients } = method.step(views, labels, key);
    const after = readValues(method.parameters);
    for (const [name, values] of before) {
      if (/running_(mean|var)$/.test(name)) expect(after.get(name), name).not.toEqual(values);
      else expect(after.get(name), name).toEqual(values);
    }
    expect([...gradients.keys()].sort()).toEqual([...method.trainable.keys()].sort());
    tf.dispose([...gradients.values()]);
    expect(tf.memory().numTensors).toBe(numTensors);
    views.dispose();
    dispose();
  });

  it.each([
    ['pooled', {}],
    ['embedding', { marginOn: 'embedding', robust: { name: 'lq' } }],
  ])('a step drops by its key and puts the margin on the %s feature', (feature, options) => {
    const { method, encoder, encoderParameters, head, headParameters, dispose } = makeMethod(options);
    const views = randomViews(size);
    // The same by hand, dropout between h and the classifier included.
    const expected = tf.tidy(() => {
      const running = [...encoderParameters.values()].filter(({ trainable }) => !trainable).map((variable) => tf.mul(variable, 1));
      const { h, pooled } = encoder.forwardWithPooled!(encoderParameters, views, { isTraining: true, dropout: key });
      const mask = tf.tensor2d(dropoutMask(h.size, { rate: 0.5, layer: 'classifier', key }), h.shape);
      const logits = head.forward(headParameters, tf.mul(h, mask), { isTraining: true });
      const given = { logits, features: feature === 'pooled' ? pooled : h, labels: tf.tensor1d(labels, 'int32') };
      const { loss, crossEntropyLoss, marginLoss } = crossEntropyMarginLoss(given, supervisedLossOptions.parse(options));
      const statistics = [...encoderParameters.values()].filter(({ trainable }) => !trainable);
      for (const [i, variable] of statistics.entries()) variable.assign(running[i] as tf.Tensor);
      return [loss, crossEntropyLoss, marginLoss].map((scalar) => scalar.dataSync()[0]);
    });
    const step = (of: typeof key) => {
      const { gradients, loss, crossEntropyLoss, marginLoss } = method.step(views, labels, of);
      tf.dispose([...gradients.values()]);
      return [loss, crossEntropyLoss, marginLoss];
    };
    const losses = step(key);
    expect(losses).toBeAllClose(expected, { rtol: 1e-5 });
    expect(step(key)).toEqual(losses);
    expect(step({ seed: 3, step: 5 })[1]).not.toBeCloseTo(losses[1], 4);
    views.dispose();
    dispose();
  });

  it('an evaluation drops nothing, leaves nothing out, and gives probabilities', () => {
    const { method, encoder, encoderParameters, head, headParameters, dispose } = makeMethod({
      robust: { name: 'maxThreshold', share: 0 },
    });
    const views = randomViews(size);
    const step = method.step(views, labels, key);
    // Above a share of 0 of the largest loss are all.
    expect([step.numDiscarded, step.crossEntropyLoss]).toEqual([6, 0]);
    tf.dispose([...step.gradients.values()]);
    const { probabilities, crossEntropyLoss } = method.evaluate(views, labels);
    tf.tidy(() => {
      const h = encoder.forward(encoderParameters, views, { isTraining: false });
      expect(probabilities).toBeAllClose(tf.softmax(head.forward(headParameters, h, { isTraining: false })).dataSync(), { atol: 1e-6 });
    });
    const rows = Array.from(labels, (label, i) => -Math.log(probabilities[3 * i + label]));
    expect([crossEntropyLoss]).toBeAllClose([rows.reduce((a, b) => a + b) / 6], { rtol: 1e-5 });
    views.dispose();
    dispose();
  });

  it('the gradient is the slope of the loss, through both features', () => {
    const { method, dispose } = makeMethod({ crossEntropyWeight: 0.5, marginRadians: 1.5 });
    const views = randomViews(size);
    const { gradients } = method.step(views, labels, key);
    for (const name of ['encoder.conv3.weight', 'encoder.fc.weight', 'encoder.conv2.weight', 'classifier.weight']) {
      const variable = method.trainable.get(name)!;
      const gradient = Float32Array.from(gradients.get(name)!.dataSync());
      const values = Float32Array.from(variable.dataSync());
      const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      const epsilon = 1e-3;
      const lossAt = (sign: number) => {
        const moved = values.map((value, i) => value + (sign * epsilon * gradient[i]) / norm);
        tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
        const result = method.step(views, labels, key);
        tf.dispose([...result.gradients.values()]);
        return result.loss;
      };
      const slope = (lossAt(1) - lossAt(-1)) / (2 * epsilon) / norm;
      tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      // Float32 rounding over 2 epsilon, and the kinks of ReLU and maxima.
      expect(Math.abs(slope - 1), name).toBeLessThan(0.05);
    }
    tf.dispose([views, ...gradients.values()]);
    dispose();
  });
});

describe('marginFeature', () => {
  it('is what the encoder has, and refuses what it has not', () => {
    const [sup, vgg] = [createEncoder({ name: 'supCnn' }), createEncoder({ name: 'vgg' })];
    expect([marginFeature(sup, 'auto'), marginFeature(sup, 'embedding'), marginFeature(vgg, 'auto')]).toEqual([
      'pooled',
      'embedding',
      'embedding',
    ]);
    expect(() => marginFeature(vgg, 'pooled')).toThrow(
      'supervised: loss.marginOn pooled needs an encoder with a pooled feature, vgg has none; take the encoder supCnn, or loss.marginOn=embedding',
    );
  });
});
