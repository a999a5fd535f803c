import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { createEncoder, encoderOptions } from '../../src/nn/createEncoder.js';
import { inputView } from '../../src/nn/inputViews.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { partOf } from '../../src/nn/parts.js';
import { projectionHead, projectionHeadOf } from '../../src/nn/projectionHead.js';
import { scatter } from '../ops/numeric.js';

const [batch, time, nMels] = [2, 9, 5];
const patches = scatter(batch * time * nMels, 1, 2).map(Math.fround);
const at = (b: number, t: number, mel: number) => patches[(b * time + Math.min(time - 1, Math.max(0, t))) * nMels + mel];
const loop = (bands: number, value: (b: number, t: number, band: number) => number) =>
  Array.from({ length: batch * time * bands }, (_, i) => value(Math.floor(i / (time * bands)), Math.floor(i / bands) % time, i % bands));

describe('inputView', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it.each([
    ['logMel', 5, (b: number, t: number, m: number) => at(b, t, m)],
    ['lowMel', 2, (b: number, t: number, m: number) => at(b, t, m)],
    ['highMel', 3, (b: number, t: number, m: number) => at(b, t, m + 2)],
    ['deltas', 5, (b: number, t: number, m: number) => (at(b, t + 1, m) - at(b, t - 1, m) + 2 * (at(b, t + 2, m) - at(b, t - 2, m))) / 10],
    [
      'mfcc',
      5,
      (b: number, t: number, k: number) =>
        [0, 1, 2, 3, 4].reduce((sum, m) => sum + at(b, t, m) * Math.cos((Math.PI * k * (2 * m + 1)) / 10), 0) *
        Math.sqrt((k === 0 ? 1 : 2) / 5),
    ],
  ] as const)('%s is what its definition says, band by band', (name, bands, value) => {
    const view = tf.tidy(() => inputView(name, tf.tensor3d(patches, [batch, time, nMels])));
    expect(view.shape).toEqual([batch, time, bands]);
    expect(view.dataSync()).toBeAllClose(loop(bands, value), { rtol: 1e-5, atol: 1e-6 });
    view.dispose();
  });

  it('refuses halves of a single band', () => {
    expect(() => createEncoder(encoderOptions.parse({ name: 'twoView' }), { nMels: 1 })).toThrow(
      'twoView: lowMel and highMel need a front end with 2 mel bands or more, got nMels 1',
    );
  });
});

describe('twoView', () => {
  beforeAll(() => setBackend({ backend: 'wasm' }));

  it('joins what two encoders of their own make of their own view, and heads of their own project each', () => {
    const encoder = createEncoder(encoderOptions.parse({ name: 'twoView', each: 'vgg', views: ['lowMel', 'deltas'] }), { nMels: 16 });
    const part = createEncoder({ name: 'vgg' });
    const parameters = encoder.createParameters({ seed: 3 });
    const [first, second] = [partOf(parameters, 'first'), partOf(parameters, 'second')];
    expect([...first.keys()]).toEqual([...second.keys()]);
    expect(first.get('conv1.weight')!.dataSync()).not.toEqual(second.get('conv1.weight')!.dataSync());
    const views = tf.tensor3d(scatter(3 * 16 * 16, 2, 2), [3, 16, 16]);
    const h = encoder.forward(parameters, views, { isTraining: false });
    const parts = tf.tidy(() => [
      part.forward(first, tf.slice(views, [0, 0, 0], [3, 16, 8]), { isTraining: false }),
      part.forward(second, inputView('deltas', views), { isTraining: false }),
    ]);
    const joined = (these: tf.Tensor2D[]) => tf.tidy(() => tf.concat(these, 1).dataSync());
    expect(h.shape).toEqual([3, encoder.embeddingSize]);
    expect(h.dataSync()).toBeAllClose(joined(parts), { rtol: 1e-6, atol: 1e-7 });

    const head = projectionHeadOf(encoder, { hiddenSize: 4, outputSize: 3 });
    const headParameters = head.createParameters({ seed: 3 });
    const z = head.forward(headParameters, h, { isTraining: false });
    const one = projectionHead({ inputSize: part.embeddingSize, hiddenSize: 4, outputSize: 3 });
    const expected = parts.map((h, i) => one.forward(partOf(headParameters, i === 0 ? 'first' : 'second'), h, { isTraining: false }));
    expect(z.shape).toEqual([3, head.outputSize]);
    expect(z.dataSync()).toBeAllClose(joined(expected), { rtol: 1e-5, atol: 1e-6 });
    for (const made of [parameters, headParameters]) disposeParameters(made);
    tf.disposeVariables();
    tf.dispose([views, h, z, ...parts, ...expected]);
  });
});
