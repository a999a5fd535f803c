import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/model/checkpoint.js';
import { disposeParameters, type Parameters } from '../../src/nn/parameters.js';
import { createOptimizer, optimizerOptions } from '../../src/optim/createOptimizer.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import { type CheckpointFacts, readTrainingCheckpoint, writeTrainingCheckpoint } from '../../src/train/checkpointFile.js';
import type { TrainingState } from '../../src/train/trainingState.js';
import { metadataOf } from '../model/smallModel.js';
import { scatter } from '../ops/numeric.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const config = {
  data: { patchFrames: 32 },
  loss: { temperature: 0.2 },
  train: { epochs: 10, batchSize: 8 },
  evaluation: { neighbours: 200, batchSize: 128 },
  seed: 1,
};
const facts: CheckpointFacts = { ...metadataOf({ config }) };
/** In the middle of the third epoch. */
const state: TrainingState = {
  step: 7,
  epoch: 3,
  batch: 1,
  sums: {
    numItems: 8,
    losses: { loss: 1.5, contrastiveLoss: 1 / 3, marginLoss: 2 },
    counts: { batchesWithoutPositives: 1 },
    seconds: 0.25,
  },
  plateau: { lowest: 1 / 7, numBad: 2, share: 0.5 },
  best: { value: 0.75, step: 6, epoch: 2 },
  looksSinceBest: 1,
  monitor: { knnClipMacroAccuracy: 0.5 },
  seconds: 12.5,
};

/** Kinds of tensors whose layout differs between tfjs and the file, and one that does not. */
const shapes: Record<string, number[]> = {
  'encoder.conv1.weight': [3, 2, 1, 4],
  'encoder.bn1.bias': [4],
  'encoder.bn1.running_mean': [4],
  'projectionHead.0.weight': [4, 3],
};
function makeParameters(key: number): Parameters {
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => {
      const values = scatter(tf.util.sizeFromShape(shape), key + i, 1);
      return [name, tf.tidy(() => tf.variable(tf.tensor(values, shape), !name.includes('running')))];
    }),
  );
}
const read = (parameters: Parameters) => [...parameters].map(([name, variable]) => [name, Array.from(variable.dataSync())]);

function stepOnce(parameters: Parameters, optimizer: Optimizer, key: number): void {
  const trainable = [...parameters].filter(([, { trainable }]) => trainable);
  const gradients = new Map(trainable.map(([name, { shape, size }], i) => [name, tf.tensor(scatter(size, key + i, 1), shape)]));
  optimizer.step(parameters, gradients, 0.1);
  tf.dispose([...gradients.values()]);
}

describe('the checkpoint of a training run', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it.each(['sgd', 'adam'] as const)('brings weights, running statistics, the state of %s and the place back, to the bit', async (name) => {
    const path = join(temporaryFolder(), 'last.safetensors');
    const before = { parameters: makeParameters(10), optimizer: createOptimizer(optimizerOptions.parse({ name })) };
    stepOnce(before.parameters, before.optimizer, 50);
    await writeTrainingCheckpoint([path], before, facts, state);

    const after = { parameters: makeParameters(90), optimizer: createOptimizer(optimizerOptions.parse({ name })) };
    stepOnce(after.parameters, after.optimizer, 70);
    expect(await readTrainingCheckpoint(path, after, facts)).toEqual({ state, epochs: 10 });
    expect(read(after.parameters)).toEqual(read(before.parameters));
    for (const { parameters, optimizer } of [before, after]) stepOnce(parameters, optimizer, 60);
    expect(read(after.parameters)).toEqual(read(before.parameters));

    const { metadata, tensors } = await loadCheckpoint(path);
    expect(metadata).toMatchObject({ step: 7, epoch: 2, position: { epoch: 3, batch: 1 }, monitor: state.monitor });
    expect(tensors.has(name === 'sgd' ? 'optimizer.momentum.encoder.conv1.weight' : 'optimizer.adam.v.encoder.conv1.weight')).toBe(true);
    for (const { parameters, optimizer } of [before, after]) {
      disposeParameters(parameters);
      optimizer.dispose();
    }
    expect(tf.memory().numTensors).toBe(0);
  });

  it('refuses other settings by name, and features with other values; how long it trains and what is evaluated may change', async () => {
    const dir = temporaryFolder();
    const path = join(dir, 'last.safetensors');
    const tensors = { parameters: makeParameters(10), optimizer: createOptimizer(optimizerOptions.parse({ name: 'sgd' })) };
    await writeTrainingCheckpoint([path, join(dir, 'best.safetensors')], tensors, facts, state);
    expect(readdirSync(dir).sort()).toEqual(['best.safetensors', 'last.safetensors']);
    const withConfig = (changes: object) => readTrainingCheckpoint(path, tensors, { ...facts, config: { ...config, ...changes } });

    const weights = read(tensors.parameters);
    await expect(withConfig({ loss: { temperature: 0.5 }, seed: 2 })).rejects.toThrow('other are loss, seed;');
    await expect(withConfig({ train: { epochs: 10, batchSize: 4 } })).rejects.toThrow('other are train.batchSize;');
    await expect(withConfig({ train: { epochs: 10, batchSize: 8, patches: 'grid' } })).rejects.toThrow('other are train.patches;');
    await expect(withConfig({ evaluation: { neighbours: 5 } })).rejects.toThrow('other are evaluation.neighbours;');
    // Where the learning rate goes by the looks at the validation clips, they are part of the training.
    const looks = { ...facts, config: { ...config, schedule: { name: 'plateau' }, train: { ...config.train, monitorEveryEpochs: 1 } } };
    await writeTrainingCheckpoint([join(dir, 'plateau.safetensors')], tensors, looks, state);
    const rarer = { ...looks, config: { ...looks.config, train: { ...looks.config.train, monitorEveryEpochs: 2 } } };
    await expect(readTrainingCheckpoint(join(dir, 'plateau.safetensors'), tensors, rarer)).rejects.toThrow(
      'other are train.monitorEveryEpochs;',
    );
    await expect(withConfig({ views: [] })).rejects.toThrow('other are views;');
    const standardisation = { mean: [-1.5], standardDeviation: [2.3] };
    await expect(readTrainingCheckpoint(path, tensors, { ...facts, standardisation })).rejects.toThrow(/features .*2\.2.*2\.3/);
    expect(read(tensors.parameters)).toEqual(weights);
    expect(await withConfig({ train: { epochs: 20, batchSize: 8 }, evaluation: { neighbours: 200, batchSize: 1 } })).toEqual({
      state,
      epochs: 10,
    });
    disposeParameters(tensors.parameters);
    tensors.optimizer.dispose();
  });

  it('of a version whose networks lacked a key goes on with what is now its default, and with nothing else', async () => {
    const path = join(temporaryFolder(), 'last.safetensors');
    const tensors = { parameters: makeParameters(10), optimizer: createOptimizer(optimizerOptions.parse({ name: 'sgd' })) };
    const networks = { encoder: { name: 'resnet18' }, projectionHead: { hiddenSize: 16, outputSize: 8 } };
    await writeTrainingCheckpoint([path], tensors, { ...facts, config: { ...config, ...networks } }, state);
    const now = (pooling: string, numLayers: number) => ({
      ...facts,
      config: {
        ...config,
        encoder: { name: 'resnet18', width: 64, pooling },
        projectionHead: { ...networks.projectionHead, numLayers },
      },
    });
    expect(await readTrainingCheckpoint(path, tensors, now('mean', 2))).toEqual({ state, epochs: 10 });
    await expect(readTrainingCheckpoint(path, tensors, now('lastTwo', 3))).rejects.toThrow('other are encoder, projectionHead;');
    disposeParameters(tensors.parameters);
    tensors.optimizer.dispose();
  });

  it('refuses a checkpoint that no training wrote', async () => {
    const path = join(temporaryFolder(), 'converted.safetensors');
    await saveCheckpoint(path, { metadata: metadataOf({ config }), tensors: new Map() });
    const tensors = { parameters: new Map(), optimizer: createOptimizer(optimizerOptions.parse({ name: 'sgd' })) };
    await expect(readTrainingCheckpoint(path, tensors, facts)).rejects.toThrow(/converted\.safetensors.* where training stopped/);
  });
});
