import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { angularContrastiveOptions } from '../../src/loss/lossOptions.js';
import { simclr } from '../../src/method/simclr.js';
import { createEncoder } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { projectionHead } from '../../src/nn/projectionHead.js';
import { sgd } from '../../src/optim/sgd.js';
import { goldenWeights, sample } from '../nn/goldenNetwork.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

/** What test/golden/method/trajectory.py writes. */
interface Trajectory {
  pairs: number;
  frames: number;
  mels: number;
  /**
   * Key of `scatter` for the views of the first step. One ReLU or maximum that float32 decides otherwise moves a momentum by up to half of
   * it, so the recipe takes views that keep all of them clear of ties; bounds may then be those of rounding.
   */
  firstView: number;
  loss: object;
  sgd: { learningRate: number; momentum: number; weightDecay: number };
  /** A step: total, NT-Xent, margin term. */
  losses: [number, number, number][];
  parameters: Record<string, number[]>;
  running: Record<string, number[]>;
  momentum: Record<string, number[]>;
}

const golden: Trajectory = JSON.parse(readFileSync(new URL('../golden/method/trajectory.json', import.meta.url), 'utf8'));

// Plain JavaScript takes seconds a step.
const quickBackends = availableBackends.filter((name) => name !== 'cpu');

describe.each(quickBackends)('five training steps on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it("go the way of torch's: losses, then weights, running statistics and momentum", () => {
    const encoder = createEncoder({ name: 'vgg' });
    const encoderParameters = encoder.createParameters({ seed: 1 });
    const head = projectionHead({ inputSize: encoder.embeddingSize, hiddenSize: 16, outputSize: 8 });
    const headParameters = head.createParameters({ seed: 1 });
    goldenWeights(encoderParameters);
    goldenWeights(headParameters);
    const method = simclr({ encoder, encoderParameters, head, headParameters, loss: angularContrastiveOptions.parse(golden.loss) });
    const optimizer = sgd(golden.sgd);
    for (const [step, expected] of golden.losses.entries()) {
      const shape: [number, number, number] = [2 * golden.pairs, golden.frames, golden.mels];
      const views = tf.tensor3d(Float32Array.from(scatter(tf.util.sizeFromShape(shape), golden.firstView + step, 2)), shape);
      const { gradients, loss, contrastiveLoss, marginLoss } = method.step(views);
      optimizer.step(method.trainable, gradients, golden.sgd.learningRate);
      tf.dispose([views, ...gradients.values()]);
      // Float32 against float64: a step's rounding is about 1e-5, and every step starts from that of those before.
      expect([loss, contrastiveLoss, marginLoss], `step ${step + 1}`).toBeAllClose(expected, { rtol: 1e-4 });
    }
    const compare = (tensors: ReadonlyMap<string, tf.Tensor>, expected: Record<string, number[]>, rtol: number) => {
      for (const [name, values] of Object.entries(expected)) {
        const tensor = tensors.get(name);
        if (tensor === undefined) throw new Error(`no ${name}`);
        expect(sample(name, tensor), name).toBeAllClose(values, { rtol, atol: rtol * values[1] });
      }
    };
    compare(method.parameters, golden.parameters, 1e-4);
    compare(method.parameters, golden.running, 1e-4);
    const momentum = new Map([...optimizer.state()].map(([name, tensor]) => [name.slice('momentum.'.length), tensor]));
    expect([...momentum.keys()].sort()).toEqual(Object.keys(golden.momentum).sort());
    compare(momentum, golden.momentum, 1e-4);
    disposeParameters(encoderParameters);
    disposeParameters(headParameters);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
});
