import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as audiossl from '../src/index.js';
import { toneFolder } from './train/toneStore.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the public names', () => {
  it.each([
    ...[
      'setBackend',
      'decodeAudio',
      'readAudio',
      'openRecording',
      'resample',
      'logMel',
      'melFilterBank',
      'resolveFrontEnd',
      'FeatureStore',
      'loadDataset',
    ],
    ...[
      'sampleViews',
      'applyViews',
      'resnet18',
      'vgg',
      'crnn',
      'projectionHead',
      'ntXentLoss',
      'angularMarginLoss',
      'angularContrastiveLoss',
    ],
    ...['infoNceLoss', 'supConLoss', 'tclLoss', 'pairMarginLoss', 'tripletMarginLoss', 'nPairsLoss', 'softmaxContrastiveLoss', 'nceLoss'],
    ...['viewPairs', 'labelPairs', 'crossPairs', 'queuePairs', 'memoryPairs', 'defineLoss', 'contrastiveObjective'],
    ...['supervisedAngularMarginLoss', 'crossEntropyLoss', 'sgd', 'adam', 'pretrain', 'evaluate', 'loadModel', 'uniformity', 'tolerance'],
    ...['embed', 'embedToFile', 'mergeEmbeddings', 'getSceneEmbeddings', 'getTimestampEmbeddings', 'buildFeatureStore', 'resolveSplit'],
    ...['alignment', 'saveSafetensors', 'loadSafetensors', 'writeNpy', 'writeNpz', 'loadConfig'],
    ...['LogMelStream', 'ResampleStream', 'streamClipLogMel'],
  ])('%s is a function', (name) => {
    expect(audiossl).toHaveProperty(name, expect.any(Function));
  });
});

describe('the whole way from TypeScript, without the command line', () => {
  it('features, pretrain, evaluate and embed, with nothing said that has a default', async () => {
    const data = await toneFolder(6);
    await audiossl.setBackend({ backend: 'wasm', threads: 1 });
    const overrides = [
      ...['encoder.name=vgg', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
      ...['data.validationFraction=0.34', 'train.batchSize=8', 'train.epochs=1', 'seed=3'],
    ];
    const config = audiossl.loadConfig({ overrides });
    const { dir } = await audiossl.buildFeatureStore({
      dataset: await audiossl.loadDataset(data),
      frontEnd: config.frontEnd,
      out: `${data}-store`,
    });
    const store = await audiossl.FeatureStore.open(dir);
    const run = `${data}-run`;
    const { end } = await audiossl.pretrain({ store, config, out: run });
    expect(end).toMatchObject({ reason: 'finished', epoch: 1, bestEpoch: 1 });
    const [start] = (await readFile(join(run, 'log.jsonl'), 'utf8')).split('\n').map((line) => (line ? JSON.parse(line) : {}));
    expect(start).toMatchObject({ kind: 'start', command: ['audiossl.pretrain()'], backend: 'wasm', device: 'cpu', dataset: dir });
    expect(start.versions).toEqual({ audiossl: expect.any(String), node: process.version.slice(1), tfjs: '4.22.0' });

    const model = await audiossl.loadModel(run);
    const { record } = await audiossl.evaluate({ run, store, model, protocol: 'knn', split: 'validation' });
    expect(record).toMatchObject({ seed: 3, numClips: 4, classNames: ['high', 'low'], command: ['audiossl.evaluate()'] });
    expect(record.backend).toMatch(/^wasm, cpu, float32, /);
    // The same hash as the run's log: both name one config.
    expect(record.configHash).toBe(start.configHash);
    await store.close();

    const { h, dim, ids, timestamps, rejected } = await audiossl.embed({ model, paths: [data] });
    expect([ids.length, dim, h.length, timestamps.length, rejected]).toEqual([12, 512, 12 * 512, 12, []]);
    const { channels } = await audiossl.readAudio(join(data, ids[7]));
    const scene = await audiossl.getSceneEmbeddings(channels, model);
    expect(scene.shape).toEqual([1, 512]);
    expect(scene.data).toBeAllClose(h.subarray(7 * 512, 8 * 512), { rtol: 1e-5, atol: 1e-6 });
    const along = await audiossl.getTimestampEmbeddings(channels, model, { hopMs: 100 });
    expect(along.shape[2]).toBe(512);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });
});

describe('importing audiossl', () => {
  /** What a program prints that imports the package by its name, as its users do. */
  function runImport(program: string): { code: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' });
    return { code: status, stdout, stderr };
  }

  it('works by name, prints nothing, starts nothing that keeps the process alive and chooses no backend', () => {
    const program = `
      import { ntXentLoss } from 'audiossl';
      import * as tf from '@tensorflow/tfjs-core';
      console.log(typeof ntXentLoss, Object.keys(tf.engine().registryFactory).length);
      process.on('exit', () => console.log(process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap' && name !== 'TTYWrap').length));
    `;
    expect(runImport(program)).toEqual({ code: 0, stdout: 'function 0\n0\n', stderr: '' });
  });
});
