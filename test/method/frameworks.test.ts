import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { contrastiveLossOptions } from '../../src/loss/lossOptions.js';
import { createMethod } from '../../src/method/createMethod.js';
import { methodOptions } from '../../src/method/methodOptions.js';
import { createEncoder, encoderOptions } from '../../src/nn/createEncoder.js';
import { disposeParameters, type Parameters } from '../../src/nn/parameters.js';
import { projectionHeadOf } from '../../src/nn/projectionHead.js';
import { sgd } from '../../src/optim/sgd.js';
import { goldenWeights, sample } from '../nn/goldenNetwork.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

interface Trajectory {
  firstView: number;
  numViews: number;
  mels: number;
  losses: number[];
  gradients: Record<string, number[]>;
  state: Record<string, number[]>;
  queue?: number[];
  memory?: number[];
}

/** What test/golden/method/frameworks.py writes. */
interface Golden {
  clips: number;
  frames: number;
  labels: number[];
  /** Of the clips in a memory. */
  places: number[];
  sgd: { learningRate: number; momentum: number; weightDecay: number };
  initialQueue: number[];
  [framework: string]: unknown;
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/method/frameworks.json', import.meta.url), 'utf8'));

const frameworks: Record<string, { method: object; loss: object; encoder?: object }> = {
  triplets: { method: { name: 'simclr', numViews: 3 }, loss: { name: 'tcl', temperature: 0.5, k1: 20, k2: 2 } },
  supervisedContrastive: { method: { name: 'supervisedContrastive' }, loss: { name: 'supCon', temperature: 0.3 } },
  mocoV2: {
    method: { name: 'mocoV2', momentum: 0.9, queueSize: 12 },
    loss: { name: 'infoNce', temperature: 0.2 },
  },
  mocoV3: {
    method: { name: 'mocoV3', momentum: 0.9, predictorHiddenSize: 16 },
    loss: { name: 'infoNce', temperature: 0.2 },
  },
  byol: {
    method: { name: 'byol', momentum: 0.9, predictorHiddenSize: 16 },
    loss: { name: 'infoNce', beta: 0, temperature: 0.5, c: 0.7 },
  },
  cmc: {
    method: { name: 'cmc' },
    loss: { name: 'infoNce', temperature: 0.2 },
    encoder: { name: 'twoView', each: 'vgg', views: ['lowMel', 'highMel'] },
  },
  memoryBank: { method: { name: 'memoryBank', numNoise: null }, loss: { name: 'nce', temperature: 0.3 } },
};

/** Of parameters under full names those of one network, under its own names. */
const networkOf = (parameters: Parameters, network: string): Parameters =>
  new Map([...parameters].flatMap(([name, value]) => (name.startsWith(`${network}.`) ? [[name.slice(network.length + 1), value]] : [])));

// Plain JavaScript takes seconds a step.
const quickBackends = availableBackends.filter((name) => name !== 'cpu');

describe.each(quickBackends)('three training steps on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each(Object.keys(frameworks))("%s goes the way of torch's: losses, gradients, all networks, the queue or memory", (name) => {
    const expected = golden[name] as Trajectory;
    const given = frameworks[name];
    const encoder = createEncoder(encoderOptions.parse(given.encoder ?? { name: 'vgg' }), { nMels: expected.mels });
    const encoderParameters = encoder.createParameters({ seed: 1 });
    const head = projectionHeadOf(encoder, { hiddenSize: 16, outputSize: 8 });
    const headParameters = head.createParameters({ seed: 1 });
    goldenWeights(encoderParameters);
    goldenWeights(headParameters);
    const loss = contrastiveLossOptions.parse(given.loss);
    const options = methodOptions.parse(given.method);
    if (options.name === 'supervised') throw new Error('not of pretrain');
    // Momentum networks are copies of what is there when they are made: filled weights.
    const method = createMethod(
      options,
      { encoder, encoderParameters, head, headParameters, loss },
      { seed: 1, numClips: golden.initialQueue.length / 8 },
    );
    goldenWeights(networkOf(method.own, 'predictor'));
    const kept = method.own.get('queue.keys') ?? method.own.get('memory.rows');
    if (kept !== undefined) tf.tidy(() => kept.assign(tf.tensor(golden.initialQueue, kept.shape)));
    const optimizer = sgd(golden.sgd);
    for (const [step, expectedLoss] of expected.losses.entries()) {
      const shape: [number, number, number] = [expected.numViews * golden.clips, golden.frames, expected.mels];
      const views = tf.tensor3d(Float32Array.from(scatter(tf.util.sizeFromShape(shape), expected.firstView + step, 2)), shape);
      const { gradients, loss } = method.step(views, { labels: Int32Array.from(golden.labels), clips: Int32Array.from(golden.places) });
      if (step === 0) compare(gradients, expected.gradients);
      optimizer.step(method.trainable, gradients, golden.sgd.learningRate);
      method.afterUpdate?.((step + 1) / expected.losses.length);
      tf.dispose([views, ...gradients.values()]);
      // Float32 against float64: a step's rounding is about 1e-5, every step starts from that of those before, and batch norm over
      // four rows, in the heads three times one after the other, makes it up to ten times as large.
      expect([loss], `step ${step + 1}`).toBeAllClose([expectedLoss], { rtol: 5e-4, atol: 1e-5 });
    }
    expect([...method.parameters.keys()].filter((path) => !/^(queue|memory)\./.test(path)).sort()).toEqual(
      Object.keys(expected.state).sort(),
    );
    compare(method.parameters, expected.state);
    const expectedRows = expected.queue ?? expected.memory;
    // Of unit rows, by the same rounding: on PyTorch 2.13's library the largest error is 1.2e-5.
    if (expectedRows !== undefined) expect(kept!.dataSync()).toBeAllClose(expectedRows, { rtol: 1e-4, atol: 2e-5 });
    for (const parameters of [encoderParameters, headParameters, method.own]) disposeParameters(parameters);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  function compare(tensors: ReadonlyMap<string, tf.Tensor>, expected: Record<string, number[]>): void {
    const largest = Math.max(...Object.values(expected).map(([, magnitude]) => magnitude));
    for (const [path, values] of Object.entries(expected)) {
      const tensor = tensors.get(path);
      if (tensor === undefined) throw new Error(`no ${path}`);
      // A bias before a batch norm has no influence: its gradient is rounding alone.
      expect(sample(path, tensor), path).toBeAllClose(values, { rtol: 1e-4, atol: Math.max(1e-4 * values[1], 1e-6 * largest) });
    }
  }
});
