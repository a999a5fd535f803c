import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { loadCheckpoint } from '../../src/model/checkpoint.js';
import { loadModel } from '../../src/model/loadModel.js';
import { readLog } from '../../src/run/readLog.js';
import { pretrain } from '../../src/train/pretrain.js';
import { train } from '../../src/train/train.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStore } from './toneStore.js';

let store: FeatureStore;
beforeAll(async () => {
  await setBackend({ backend: availableBackends.at(-1), threads: 1 });
  store = await toneStore(10);
});
afterAll(() => store.close());

const configOf = (...overrides: string[]) =>
  loadConfig({
    overrides: [
      ...['encoder={name: vgg}', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
      ...['projectionHead={hiddenSize: 16, outputSize: 8}', 'train.batchSize=8', 'train.epochs=1', 'optimizer.learningRate=0.01'],
      'views=[{name: gaussianNoise}]',
      ...overrides,
    ],
  });
const out = () => join(temporaryFolder(), 'run');

/** Every framework, with what its checkpoint holds beside an encoder and a projection head. */
const methods: [string, string[], string[]][] = [
  ['SimCLR of three views', ['method={name: simclr, numViews: 3}', 'loss={name: tcl}'], []],
  ['a head of three layers and LARS', ['projectionHead.numLayers=3', 'optimizer={name: lars}'], []],
  ['supervised contrastive', ['method.name=supervisedContrastive'], []],
  ['MoCo v2', ['method={name: mocoV2, queueSize: 16}'], ['momentumEncoder', 'momentumProjectionHead', 'queue']],
  ['MoCo v3', ['method={name: mocoV3, predictorHiddenSize: 16}'], ['predictor', 'momentumEncoder', 'momentumProjectionHead']],
  ['BYOL', ['method={name: byol, predictorHiddenSize: 16}', 'loss.c=1'], ['predictor', 'momentumEncoder', 'momentumProjectionHead']],
  ['memory bank', ['method={name: memoryBank, numNoise: 5}'], ['memory']],
  ['CMC', ['method.name=cmc', 'encoder={name: twoView, each: vgg}'], []],
];

describe.each(methods)('%s', (_name, overrides, parts) => {
  it('goes on bit-identically in the middle of an epoch, with all that its checkpoint holds, and can be embedded with', async () => {
    const config = configOf(...overrides, 'train.onlineProbe={}');
    const whole = out();
    const { numTensors } = tf.memory();
    const { end } = await pretrain({ store, config, out: whole });
    expect(end.reason).toBe('finished');
    expect(tf.memory().numTensors).toBe(numTensors);

    const broken = out();
    const stop = new AbortController();
    const onProgress = ({ epoch, batch }: { epoch: number; batch: number }) => {
      if (epoch === 1 && batch === 1) stop.abort();
    };
    const interrupted = await pretrain({ store, config, out: broken, signal: stop.signal, onProgress });
    expect(interrupted.end).toMatchObject({ reason: 'interrupted', step: 1 });
    expect((await pretrain({ store, config, out: broken, resume: true })).end.reason).toBe('finished');

    const [a, b] = await Promise.all([whole, broken].map((run) => loadCheckpoint(join(run, 'checkpoints/last.safetensors'))));
    expect([...b.tensors.keys()].sort()).toEqual([...a.tensors.keys()].sort());
    for (const [name, { data }] of a.tensors)
      expect(Buffer.from(b.tensors.get(name)!.data.buffer).equals(Buffer.from(data.buffer)), name).toBe(true);
    const networks = new Set([...a.tensors.keys()].map((name) => name.slice(0, name.indexOf('.'))));
    expect([...networks].sort()).toEqual(['encoder', 'onlineProbe', 'optimizer', 'projectionHead', ...parts].sort());

    const { steps, monitors } = await readLog(join(whole, 'log.jsonl'));
    for (const { loss, contrastiveLoss, onlineProbeLoss, onlineProbeAccuracy } of steps) {
      expect([loss, contrastiveLoss, onlineProbeLoss, onlineProbeAccuracy].every(Number.isFinite)).toBe(true);
    }
    expect(monitors[0].probeClipMacroAccuracy).toBeGreaterThanOrEqual(0);

    const model = await loadModel(whole, { checkpoint: 'last' });
    const patches = tf.tensor3d(await store.readPatches([{ clip: 0, start: 0 }], 32), [1, 32, 24]);
    const h = model.embedPatches(patches);
    expect(h.shape).toEqual([1, model.encoder.embeddingSize]);
    expect(h.dataSync().every(Number.isFinite)).toBe(true);
    tf.dispose([h, patches, model.projectPatches!(patches)]);
    model.dispose();
  });
});

describe('the online probe', () => {
  it('leaves the encoder exactly as it would be without it', async () => {
    const runs = [out(), out()];
    await pretrain({ store, config: configOf('train.epochs=1'), out: runs[0] });
    await pretrain({ store, config: configOf('train.epochs=1', 'train.onlineProbe={}'), out: runs[1] });
    const [without, beside] = await Promise.all(runs.map((run) => loadCheckpoint(join(run, 'checkpoints/last.safetensors'))));
    for (const [name, { data }] of without.tensors) expect(beside.tensors.get(name)?.data, name).toEqual(data);
  });
});

describe('what does not go together', () => {
  it.each([
    [
      ['method.name=byol', 'loss.name=ntXent'],
      'method.name byol has no negatives: loss must need none, such as loss={name: infoNce, beta: 0, temperature: 0.5}, got loss.name ntXent',
    ],
    [
      ['method.name=mocoV2', 'method.queueSize=16', 'loss={name: infoNce, beta: 0}'],
      'method.name mocoV2 would make all embeddings equal with a loss without negatives, got loss.name infoNce',
    ],
    [['method.name=byol', 'loss={name: tripletMargin}'], 'method.name byol has no negatives: loss must need none'],
    [['method={name: mocoV2, queueSize: 12}'], 'method.queueSize must be a multiple of train.batchSize 8, got 12; take 16'],
    [['method={name: mocoV2, queueSize: 64}'], 'method.queueSize must be at most the 16 training clips'],
    [
      ['method.name=memoryBank', 'loss={name: angularContrastive}'],
      'method.name memoryBank remembers projections, so that the margin term must be on them: set its marginOn to projection',
    ],
    [['method.name=memoryBank', 'loss={name: infoNce, angularMargin: {}}'], 'method.name memoryBank remembers projections'],
    [['method.name=memoryBank', 'loss.name=tripletMargin'], 'set method.numNoise=null, got 4096'],
    [['method.name=cmc', 'encoder={name: vgg}'], 'method.name cmc needs two views of a patch: encoder.name must be twoView, got vgg'],
    [
      ['method.name=supervised'],
      'method.name must be simclr, supervisedContrastive, mocoV2, mocoV3, byol, memoryBank or cmc, got supervised; use audiossl train',
    ],
  ] as const)('%s is refused by name', async (overrides, message) => {
    await expect(pretrain({ store, config: configOf(...overrides), out: out() })).rejects.toThrow(message);
  });

  it.each([
    ['method={name: byol, momentum: 1.2}', 'method.momentum: '],
    ['method={name: mocoV3, momentum: -0.1}', 'method.momentum: '],
    [
      'method={name: mocov2}',
      'method.name: expected one of simclr, supervisedContrastive, mocoV2, mocoV3, byol, memoryBank, cmc, supervised, got "mocov2"',
    ],
    ['method={name: simclr, numViews: 1}', 'method.numViews: '],
  ])('%s is no config', (override, message) => {
    expect(() => configOf(override)).toThrow(message);
  });

  it('train takes its own method and no probe', async () => {
    const config = loadConfig({ command: 'train' });
    await expect(train({ store, config: { ...config, method: { name: 'simclr', numViews: 2 } }, out: out() })).rejects.toThrow(
      'train: method.name must be supervised, got simclr; use audiossl pretrain',
    );
  });

  it('a momentum schedule ends with the run, whose epochs must then stay', async () => {
    const run = out();
    await pretrain({ store, config: configOf('method={name: byol, predictorHiddenSize: 8}', 'train.epochs=1'), out: run });
    const longer = configOf('method={name: byol, predictorHiddenSize: 8}', 'train.epochs=2');
    await expect(pretrain({ store, config: longer, out: run, resume: true })).rejects.toThrow('train.epochs (a momentum schedule ends');
    expect(readFileSync(join(run, 'config.yaml'), 'utf8')).toContain('epochs: 1');
  });
});
