import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/loadConfig.js';
import { systemTraits, systemWords } from '../../../src/report/comparison/systemTraits.js';

const traitsOf = (...overrides: string[]) => systemTraits(loadConfig({ overrides }));

describe('the traits of a system', () => {
  it.each([
    [[], 'ACL, alpha 0.3', 'selfSupervised'],
    [['loss.name=ntXent'], 'NT-Xent', 'selfSupervised'],
    [['loss={name: tcl}'], 'tcl', 'otherContrastive'],
    // Not the system that the paper's claims are about, whatever its loss.
    [['method={name: mocoV2}', 'loss.name=ntXent'], 'MoCo v2, ntXent', 'otherContrastive'],
    [['method={name: mocoV3}', 'loss.name=angularContrastive'], 'MoCo v3, angularContrastive + margin', 'otherContrastive'],
    [['method={name: simclr, numViews: 3}', 'loss={name: tcl}'], 'SimCLR of several views, tcl', 'otherContrastive'],
    [['method={name: byol}'], 'BYOL, infoNce', 'otherContrastive'],
    [['method={name: cmc}'], 'two-view coding, infoNce', 'otherContrastive'],
    [['method={name: supervisedContrastive}'], 'on labels, supCon', 'otherContrastive'],
    // Weights that were given are not random ones, with and without training.
    [['train.epochs=0'], 'random weights', 'randomWeights'],
    [['train.epochs=0', 'train.initialise=free-sounds'], 'free-sounds, trained no further', 'randomWeights'],
    [['loss.name=ntXent', 'train.initialise=models/mine.safetensors'], 'NT-Xent, from mine', 'selfSupervised'],
  ] as const)('%s: %s', (overrides, words, kind) => {
    const traits = traitsOf(...overrides);
    expect([systemWords(traits), traits.kind]).toEqual([words, kind]);
  });

  it('are those of SimCLR where a config is older than methods', () => {
    const { method: _, ...older } = loadConfig();
    expect(systemTraits(older)).toEqual(traitsOf());
  });
});
