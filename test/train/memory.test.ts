import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { angularContrastiveOptions } from '../../src/loss/lossOptions.js';
import { simclr } from '../../src/method/simclr.js';
import { createEncoder } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { projectionHead } from '../../src/nn/projectionHead.js';
import { sgd } from '../../src/optim/sgd.js';
import { createPairSource } from '../../src/train/pairSource.js';
import { contrastiveMethod } from '../../src/train/pretrain.js';
import { runEpochs } from '../../src/train/runEpochs.js';
import { initialTrainingState } from '../../src/train/trainingState.js';
import { trainOptions } from '../../src/train/trainOptions.js';
import { availableBackends } from '../support/backends.js';
import { toneFrontEnd, toneStore } from './toneStore.js';

/** Plain JavaScript would take minutes; the engine that counts tensors is the same. */
const quickBackends = availableBackends.filter((name) => name !== 'cpu');

describe.each(quickBackends)('12 training steps on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('leave as many tensors and bytes as one', async () => {
    // 8 bands and 8 frames: what three poolings leave something of.
    const store = await toneStore(8, { ...toneFrontEnd, nMels: 8 });
    const clips = store.clips.map((_, i) => i);
    const views = viewsOptions.parse([
      ...['mixBack', 'randomResizedCrop', 'compander', 'specAugment', 'gaussianNoise', 'gaussianBlur'].map((name) => ({ name })),
    ]);
    const source = createPairSource({
      store,
      pool: clips,
      views,
      standardisation: { mean: [-2], standardDeviation: [1] },
      patchFrames: 8,
      seed: 1,
    });
    const encoder = createEncoder({ name: 'vgg' });
    const encoderParameters = encoder.createParameters({ seed: 1 });
    const head = projectionHead({ inputSize: encoder.embeddingSize, hiddenSize: 8, outputSize: 8 });
    const headParameters = head.createParameters({ seed: 1 });
    const method = simclr({ encoder, encoderParameters, head, headParameters, loss: angularContrastiveOptions.parse({}) });
    const optimizer = sgd();
    const seen: { numTensors: number; numBytes: number }[] = [];
    await runEpochs({
      method: contrastiveMethod(method),
      optimizer,
      source,
      items: clips,
      save: async () => {},
      log: () => {},
      state: initialTrainingState(),
      schedule: { name: 'constant', warmupEpochs: 0, warmupFactor: 0.01 },
      learningRate: 0.001,
      // Four batches of 4 an epoch.
      options: trainOptions.parse({ epochs: 3, batchSize: 4 }),
      seed: 1,
      onProgress: () => {
        const { numTensors, numBytes } = tf.memory();
        seen.push({ numTensors, numBytes });
      },
    });
    expect(seen.length).toBe(12);
    expect(new Set(seen.map(({ numTensors }) => numTensors)).size).toBe(1);
    expect(new Set(seen.map(({ numBytes }) => numBytes)).size).toBe(1);
    disposeParameters(encoderParameters);
    disposeParameters(headParameters);
    optimizer.dispose();
    await store.close();
  }, 300_000);
});
