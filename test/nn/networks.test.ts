import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { createEncoder, encoderOptions } from '../../src/nn/createEncoder.js';
import { crnn } from '../../src/nn/crnn.js';
import { countTrainable, disposeParameters, type Parameters, parameter, withoutDrawing } from '../../src/nn/parameters.js';
import { classifier, projectionHead, projectionHeadOptions } from '../../src/nn/projectionHead.js';
import { resnet18 } from '../../src/nn/resnet18.js';
import { valueAndGradients } from '../../src/nn/valueAndGradients.js';
import { vgg } from '../../src/nn/vgg.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

const patches = (shape: [number, number, number], key = 1): tf.Tensor3D =>
  tf.tensor3d(scatter(shape[0] * shape[1] * shape[2], key, 2), shape);

function withParameters(network: { createParameters(rng: { seed: number }): Parameters }, f: (parameters: Parameters) => void): void {
  const before = tf.memory().numTensors;
  const parameters = network.createParameters({ seed: 3 });
  tf.tidy(() => {
    f(parameters);
  });
  disposeParameters(parameters);
  expect(tf.memory().numTensors).toBe(before);
}

/** Kolmogorov-Smirnov distance of values from a distribution function. */
function distance(values: ArrayLike<number>, cumulative: (x: number) => number): number {
  const sorted = Float64Array.from(values as Float32Array).sort();
  return sorted.reduce((worst, value, i) => Math.max(worst, Math.abs(cumulative(value) - (i + 0.5) / sorted.length)), 0);
}
const uniformWithin = (bound: number) => (x: number) => Math.min(1, Math.max(0, (x + bound) / (2 * bound)));
const normalOf = (deviation: number) => (x: number) => 1 / (1 + Math.exp(-1.702 * (x / deviation))); // within 0.0095

describe('networks on cpu', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it('has the parameter counts of the reference', () => {
    withParameters(resnet18(), (parameters) => {
      expect(countTrainable(parameters)).toBe(11_170_240);
      expect(parameters.size).toBe(60 + 40); // 20 convolutions, 20 batch norms of 2 + 2
    });
    withParameters(vgg(), (parameters) => expect(countTrainable(parameters)).toBe(280_032));
    withParameters(crnn(), (parameters) => expect(countTrainable(parameters) + 64 * 20 + 20).toBe(948_116));
    withParameters(projectionHead({ inputSize: 512 }), (parameters) => expect(countTrainable(parameters)).toBe(526_336));
    withParameters(projectionHead({ inputSize: 64 }), (parameters) => expect(countTrainable(parameters)).toBe(296_960));
    withParameters(classifier({ inputSize: 512, numClasses: 20 }), (parameters) => expect(countTrainable(parameters)).toBe(10_260));
  });

  it('draws the initial weights from the distributions of the reference', () => {
    withParameters(resnet18(), (parameters) => {
      const weight = (path: string) => parameter(parameters, path).dataSync();
      // 9 x 64 x 128 values: the distance of a true sample is below 0.006 in 99 of 100 draws; plus 0.0095 of the approximation.
      expect(distance(weight('layer2.0.conv1.weight'), normalOf(Math.sqrt(2 / (9 * 128))))).toBeLessThan(0.016);
      expect(distance(weight('layer2.0.downsample.0.weight'), normalOf(Math.sqrt(2 / 128)))).toBeLessThan(0.028);
      expect(weight('bn1.weight')).toEqual(new Float32Array(64).fill(1));
      expect(weight('layer4.1.bn2.weight')).toEqual(new Float32Array(512).fill(1));
      expect(weight('bn1.bias')).toEqual(new Float32Array(64));
      expect(weight('bn1.running_var')).toEqual(new Float32Array(64).fill(1));
      expect(weight('layer1.0.conv1.weight')).not.toEqual(weight('layer1.0.conv2.weight'));
    });
    withParameters(crnn(), (parameters) => {
      const weight = (path: string) => parameter(parameters, path).dataSync();
      expect(distance(weight('conv2.weight'), uniformWithin(1 / Math.sqrt(25 * 128)))).toBeLessThan(0.005);
      expect(distance(weight('gru.weight_ih_l0_reverse'), uniformWithin(1 / 8))).toBeLessThan(0.01);
    });
    withParameters(projectionHead({ inputSize: 512 }), (parameters) => {
      expect(distance(parameter(parameters, '3.weight').dataSync(), uniformWithin(1 / Math.sqrt(512)))).toBeLessThan(0.005);
      expect(distance(parameter(parameters, '3.bias').dataSync(), uniformWithin(1 / Math.sqrt(512)))).toBeLessThan(0.075);
    });
  });

  it('draws equal weights from equal seeds, others from others', () => {
    const draw = (seed: number) =>
      tf.tidy(() => {
        const parameters = vgg().createParameters({ seed });
        const values = [...parameter(parameters, 'conv4.weight').dataSync(), ...parameter(parameters, 'fc.bias').dataSync()];
        disposeParameters(parameters);
        return values;
      });
    expect(draw(7)).toEqual(draw(7));
    expect(draw(8)).not.toEqual(draw(7));
  });

  it('makes parameters of 0 in place of drawn ones where asked to, and draws again after that, also after an error', () => {
    for (const network of [resnet18({ width: 16 }), vgg(), crnn(), projectionHead({ inputSize: 8 })]) {
      const [drawn, empty] = [network.createParameters({ seed: 1 }), withoutDrawing(() => network.createParameters({ seed: 1 }))];
      expect([...empty].map(([name, { shape, trainable }]) => ({ name, shape, trainable }))).toEqual(
        [...drawn].map(([name, { shape, trainable }]) => ({ name, shape, trainable })),
      );
      for (const [name, variable] of empty) {
        const isConstant = new Set(drawn.get(name)?.dataSync()).size === 1;
        expect(new Set(variable.dataSync()), name).toEqual(isConstant ? new Set(drawn.get(name)?.dataSync()) : new Set([0]));
      }
      disposeParameters(drawn);
      disposeParameters(empty);
    }
    const fails = () => {
      throw new Error('no');
    };
    expect(() => withoutDrawing(fails)).toThrow('no');
    withParameters(vgg(), (parameters) => expect(tf.max(parameter(parameters, 'conv1.weight')).dataSync()[0]).toBeGreaterThan(0));
  });

  it('leaves parameters without influence out of the gradients', () => {
    withParameters(classifier({ inputSize: 4, numClasses: 3 }), (parameters) => {
      const { value, gradients } = valueAndGradients(parameters, () => tf.sum(tf.square(parameter(parameters, 'bias'))));
      expect([...gradients.keys()]).toEqual(['bias']);
      expect(gradients.get('bias')!.dataSync()).toBeAllClose(
        [...parameter(parameters, 'bias').dataSync()].map((v) => 2 * v),
        { rtol: 1e-6 },
      );
      expect(value.rank).toBe(0);
    });
  });

  it('makes the encoder of the options, and names what is missing', () => {
    expect(createEncoder(encoderOptions.parse({})).name).toBe('resnet18');
    expect(createEncoder({ name: 'crnn' }, { nMels: 64 })).toMatchObject({ name: 'crnn', embeddingSize: 64 });
    expect(projectionHeadOptions.parse({})).toEqual({ numLayers: 2, hiddenSize: 512, outputSize: 512 });
    for (const numLayers of [0, 9, 1.5]) expect(projectionHeadOptions.safeParse({ numLayers }).success).toBe(false);
    expect(encoderOptions.safeParse({ name: 'resnet50' }).success).toBe(false);
    expect(encoderOptions.parse({ width: 32 })).toEqual({ name: 'resnet18', width: 32, pooling: 'mean' });
    expect(createEncoder(encoderOptions.parse({ name: 'resnet18', width: 32, pooling: 'meanMax' })).embeddingSize).toBe(512);
    expect(createEncoder({ name: 'resnet18', width: 128, pooling: 'mean' }).embeddingSize).toBe(1024);
    for (const width of [0, 8, 40, 144, 32.5]) {
      expect(() => resnet18({ width })).toThrow(`resnet18: width must be a multiple of 16 from 16 to 128, got ${width}`);
    }
    expect(() => crnn({ nMels: 39 })).toThrow(/crnn: needs 40 mel bands or more, got 39/);
    withParameters(classifier({ inputSize: 4, numClasses: 3 }), (parameters) => {
      expect(() => parameter(parameters, 'conv1.weight')).toThrow(/needs "conv1.weight"/);
      expect(() => crnn().forward(parameters, tf.zeros([1, 101, 64]), { isTraining: false })).toThrow(
        /crnn: patches must have 8 frames or more and 96 mel bands/,
      );
    });
  });
});

describe.each(availableBackends.filter((name) => name !== 'cpu'))('embeddings on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each([resnet18(), vgg(), crnn()])(
    '$name: full patches, the same alone as in a batch, repeatable, finite; the weights stay',
    (encoder) => {
      withParameters(encoder, (parameters) => {
        const names = [...parameters.keys()].filter((name) => name.endsWith('running_mean') || name.endsWith('running_var'));
        const running = () => names.flatMap((name) => [...parameter(parameters, name).dataSync()]);
        const before = running();
        const batch = patches([3, 101, 96]);
        const h = encoder.forward(parameters, batch, { isTraining: false });
        expect(h.shape).toEqual([3, encoder.embeddingSize]);
        const values = h.dataSync().slice();
        const largest = Math.max(...values.map(Math.abs));
        expect(largest).toBeGreaterThan(0);
        const alone = encoder.forward(parameters, tf.slice(batch, [1, 0, 0], [1, 101, 96]), { isTraining: false });
        expect(alone.dataSync()).toBeAllClose(values.slice(encoder.embeddingSize, 2 * encoder.embeddingSize), { atol: 1e-5 * largest });
        expect(encoder.forward(parameters, batch, { isTraining: false }).dataSync()).toEqual(values);
        expect(running()).toEqual(before);
      });
    },
  );

  it('resnet18: both views in one batch equal two passes, and one group does not', () => {
    const encoder = resnet18({ width: 16 });
    const [a, b] = [patches([2, 65, 48], 1), patches([2, 65, 48], 2)];
    const run = (passes: { views: tf.Tensor3D; groups: number }[]): { h: Float32Array; running: Float32Array } => {
      const parameters = encoder.createParameters({ seed: 3 });
      const result = tf.tidy(() => {
        const h = passes.map(({ views, groups }) => encoder.forward(parameters, views, { isTraining: true, groups }));
        return {
          h: tf.concat(h, 0).dataSync<'float32'>().slice(),
          running: parameter(parameters, 'layer4.1.bn2.running_var').dataSync<'float32'>().slice(),
        };
      });
      disposeParameters(parameters);
      return result;
    };
    const both = tf.concat([a, b], 0);
    const two = run([
      { views: a, groups: 1 },
      { views: b, groups: 1 },
    ]);
    const grouped = run([{ views: both, groups: 2 }]);
    const scale = Math.max(...two.h);
    expect(grouped.h).toBeAllClose(two.h, { atol: 1e-4 * scale });
    expect(grouped.running).toBeAllClose(two.running, { rtol: 1e-4 });
    const mixed = run([{ views: both, groups: 1 }]);
    expect(Math.max(...mixed.h.map((value, i) => Math.abs(value - two.h[i])))).toBeGreaterThan(0.01 * scale);
    for (const tensor of [a, b, both]) tensor.dispose();
  });
});
