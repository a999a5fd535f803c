import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as audiossl from '../src/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the public names', () => {
  it.each([
    ...['setBackend', 'decodeAudio', 'readAudio', 'resample', 'logMel', 'melFilterBank', 'resolveFrontEnd', 'FeatureStore', 'loadDataset'],
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
    ...['supervisedAngularMarginLoss', 'crossEntropyLoss', 'sgd', 'adam', 'pretrain', 'evaluate', 'loadModel', 'uniformity', 'tolerance'],
    ...['alignment', 'saveSafetensors', 'loadSafetensors', 'writeNpy', 'writeNpz', 'loadConfig'],
  ])('%s is a function', (name) => {
    expect(audiossl).toHaveProperty(name, expect.any(Function));
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
