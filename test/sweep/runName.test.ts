import { describe, expect, it } from 'vitest';
import { keyLabels, runName, settingLabel } from '../../src/sweep/runName.js';

describe('names of runs', () => {
  it('take the last step of a key, and more where two keys share it; the key name goes without', () => {
    expect([...keyLabels(['loss.temperature', 'train.epochs', 'evaluation.linear.epochs', 'encoder.name'])]).toEqual([
      ['loss.temperature', 'temperature'],
      ['train.epochs', 'train.epochs'],
      ['evaluation.linear.epochs', 'linear.epochs'],
      ['encoder.name', ''],
    ]);
  });

  it('say values so that they can be read', () => {
    const values: [string, unknown, string][] = [
      ['contrastiveWeight', 0.3, 'contrastiveWeight0.3'],
      ['contrastiveWeight', 1, 'contrastiveWeight1'],
      ['weightDecay', 1e-7, 'weightDecay1e-7'],
      ['marginOn', 'embedding', 'marginOnEmbedding'],
      ['', 'vgg', 'vgg'],
      ['keepOverlap', true, 'keepOverlapTrue'],
      ['earlyStopping', null, 'earlyStoppingNull'],
      ['milestones', [65, 85], 'milestones65_85'],
      ['loss', { name: 'ntXent', temperature: 0.1 }, 'lossNtXent_temperature0.1'],
      ['testFold', 'a/b c', 'testFoldA_b_c'],
    ];
    for (const [key, value, label] of values) expect(settingLabel(key, value)).toBe(label);
    expect(runName({ system: 'x', fold: 'a b', seed: 3 })).toBe('x-folda_b-seed3');
    expect(runName({ system: 'x', seed: 3 })).toBe('x-seed3');
  });
});
