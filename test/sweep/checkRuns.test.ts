import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import type { Clip } from '../../src/data/clip.js';
import { checkRuns } from '../../src/sweep/checkRuns.js';
import { expandSweep } from '../../src/sweep/expandSweep.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
/** Twelve clips, two of them test clips. */
const clipsWith = (change: (i: number) => Partial<Clip>): Clip[] =>
  Array.from({ length: 12 }, (_, i) => ({
    ...{ id: `${i}.wav`, path: `/data/${i}.wav`, label: i % 2 === 0 ? 'a' : 'b', split: i < 2 ? 'test' : 'train' },
    ...change(i),
  }));
const plain = clipsWith(() => ({}));

function check(sweep: object, clips: readonly Clip[] = plain, store?: Parameters<typeof checkRuns>[1]['store']): void {
  const file = join(folder, 'sweep.yaml');
  writeFileSync(file, JSON.stringify({ evaluate: [{ protocol: 'knn', split: 'test' }], ...sweep }));
  checkRuns(expandSweep(readSweepFile(file), { clips }), { clips, store });
}

describe('checkRuns', () => {
  it('takes runs that have what they need', () => {
    check({});
    check({ command: 'train', baselines: ['randomWeights', 'logMel'] });
    check({}, plain, { dir: '/store', frontEnd: resolveFrontEnd({ preset: 'acl' }) });
  });

  it('names the run and what it lacks: an empty subset, no labelled clips to test on', () => {
    expect(() =>
      check(
        { set: { 'data.protocol': 'noisySmall' } },
        clipsWith(() => ({ isVerified: true, isNoisySmall: false })),
      ),
    ).toThrow('sweep: run pretrain-seed0: resolveSplit: the protocol noisySmall must have clips to train on, none of the 12 clips is one');
    expect(() => check({ set: { 'data.protocol': 'clean' } })).toThrow(
      'sweep: run pretrain-seed0: resolveSplit: the protocol clean needs to know which training clips are verified',
    );
    expect(() =>
      check(
        {},
        clipsWith(() => ({ split: 'train' })),
      ),
    ).toThrow('sweep: run pretrain-seed0: an evaluation on test needs labelled test clips, the data have none');
    expect(() =>
      check(
        {},
        clipsWith((i) => (i < 2 ? { label: undefined } : {})),
      ),
    ).toThrow('needs labelled test clips, the data have none');
  });

  it('names a method that does not go with the loss, the encoder or the clips', () => {
    const refuse = (set: object, message: string) =>
      expect(() => check({ set: { 'train.batchSize': 4, ...set } })).toThrow(`sweep: run pretrain-seed0: pretrain: ${message}`);
    refuse({ method: { name: 'mocoV2', queueSize: 16 } }, 'method.queueSize must be at most the 8 training clips');
    refuse({ method: { name: 'cmc' }, encoder: { name: 'vgg' } }, 'method.name cmc needs two views of a patch');
    refuse({ 'method.name': 'byol', 'loss.name': 'ntXent' }, 'method.name byol has no negatives');
    // The pull of the positives alone would do, but there are negatives to push.
    check({ set: { 'train.batchSize': 4, loss: { name: 'pairMargin' } } });
  });

  it('names a loss that the command cannot train by, and features of another front end', () => {
    expect(() => check({ command: 'train', set: { 'loss.name': 'ntXent' } })).toThrow(
      'sweep: run train-seed0: train: loss.name must be crossEntropyMargin, got ntXent, which needs no labels; use audiossl pretrain',
    );
    expect(() => check({ set: { 'loss.name': 'crossEntropyMargin' } })).toThrow(
      'sweep: run pretrain-seed0: pretrain: loss.name must be one that compares pairs (angularContrastive, ntXent, infoNce ...), got crossEntropyMargin',
    );
    expect(() =>
      check({ grid: { 'frontEnd.nMels': [96, 40] } }, plain, { dir: '/store', frontEnd: resolveFrontEnd({ preset: 'acl' }) }),
    ).toThrow(
      'sweep: run nMels40-seed0 needs another front end than /store has (features / run): nMels 96 / 40; pass `data`, of which every front end is made',
    );
  });
});
