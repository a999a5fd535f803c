import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { angularMarginLoss } from '../../src/loss/angularMarginLoss.js';
import { contrastiveLosses } from '../../src/loss/contrastiveLosses.js';
import { contrastiveObjective } from '../../src/loss/contrastiveObjective.js';
import { angularContrastiveOptions, contrastiveLossOptions, lossOptions } from '../../src/loss/lossOptions.js';
import { crossPairs, viewPairs } from '../../src/loss/pairs.js';
import { pairLabels } from '../../src/ops/rows.js';
import { randomRows } from './lossRows.js';

beforeAll(() => setBackend({ backend: 'cpu' }));

const names = Object.keys(contrastiveLosses) as (keyof typeof contrastiveLosses)[];

describe('contrastiveObjective', () => {
  it.each(names)('puts the angular margin beside %s as contrastiveWeight says, on h or z', (name) => {
    tf.tidy(() => {
      const [h, z] = [1, 2].map((key) => tf.tensor2d(randomRows(6, 4, key)));
      const [zA, zB] = tf.split<tf.Tensor2D>(z, 2);
      const rows = { embeddings: h, projections: z, labels: pairLabels(3) };
      for (const marginOn of ['embedding', 'projection'] as const) {
        const [a, b] = tf.split<tf.Tensor2D>(marginOn === 'embedding' ? h : z, 2);
        const margin = angularMarginLoss(a, b, { marginRadians: 1.2 }).dataSync()[0];
        const keys = { contrastiveWeight: 0.4, marginRadians: 1.2, marginOn };
        const options = name === 'ntXent' ? angularContrastiveOptions.parse({ name: 'angularContrastive', ...keys }) : contrastiveLossOptions.parse({ name, angularMargin: keys }); // biome-ignore format: one line
        const parts = contrastiveObjective(options).compute(viewPairs([zA, zB]), rows);
        const own = contrastiveLosses[name] as (typeof contrastiveLosses)['supCon'];
        const alone = own.compute(viewPairs([zA, zB]), own.options.parse({ name }) as never).dataSync()[0];
        expect(parts.contrastiveLoss.dataSync()).toBeAllClose([alone], { rtol: 1e-6 });
        expect(parts.marginLoss?.dataSync()).toBeAllClose([margin], { rtol: 1e-6 });
        expect(parts.loss.dataSync()).toBeAllClose([0.4 * alone + 0.6 * margin], { rtol: 1e-5 });
      }
    });
  });

  it('has no margin where none is asked for, and of plain NT-Xent only watches it', () => {
    tf.tidy(() => {
      const z = tf.tensor2d(randomRows(6, 4, 2));
      const pairs = viewPairs(tf.split<tf.Tensor2D>(z, 2));
      const rows = { embeddings: z, projections: z, labels: pairLabels(3) };
      expect(Object.keys(contrastiveObjective(contrastiveLossOptions.parse({ name: 'tcl' })).compute(pairs, rows))).toEqual(['loss', 'contrastiveLoss']); // biome-ignore format: one line
      // A config that an earlier version wrote: the weight is there and not used.
      const plain = contrastiveObjective(contrastiveLossOptions.parse({ name: 'ntXent', contrastiveWeight: 0.3 })).compute(pairs, rows);
      expect(plain.loss.dataSync()).toBeAllClose(plain.contrastiveLoss.dataSync(), { rtol: 1e-7 });
      expect(plain.marginLoss).toBeDefined();
    });
  });

  it('says which losses need negatives, and what they are when nothing is learnt', () => {
    const needs = (options: object) => contrastiveObjective(contrastiveLossOptions.parse(options)).needsNegatives;
    expect([needs({ name: 'infoNce' }), needs({ name: 'infoNce', beta: 0 }), needs({ name: 'pairMargin' }), needs({ name: 'tcl' })]).toEqual([true, false, false, true]); // biome-ignore format: one line
    expect(contrastiveObjective(angularContrastiveOptions.parse({})).valueAtChance(254)).toBeCloseTo(Math.log(255), 12);
    expect(contrastiveObjective(contrastiveLossOptions.parse({ name: 'tripletMargin' })).valueAtChance(254)).toBeUndefined();
    tf.tidy(() => {
      // Positives alone, as BYOL has them: minus the mean cosine over the temperature.
      const [a, b] = [1, 2].map((key) => tf.tensor2d(randomRows(3, 4, key)));
      const { infoNce } = contrastiveLosses;
      const value = infoNce.compute({ ...crossPairs(a, b), isNegative: tf.zeros([3, 3]) }, infoNce.options.parse({ name: 'infoNce', beta: 0, temperature: 1 })); // biome-ignore format: one line
      const unit = (x: tf.Tensor2D) => tf.div(x, tf.norm(x, 2, 1, true));
      expect(value.dataSync()).toBeAllClose(tf.neg(tf.mean(tf.sum(tf.mul(unit(a), unit(b)), 1))).dataSync(), { rtol: 1e-5 });
    });
  });

  it('has one schema a name in configs; keys of another loss are refused', () => {
    expect(lossOptions.safeParse({ name: 'supCon', k1: 3 }).success).toBe(false);
    expect(lossOptions.parse({ name: 'tcl', k1: 3 })).toEqual({ name: 'tcl', temperature: 0.1, k1: 3, k2: 1, angularMargin: null });
    for (const name of names) expect(lossOptions.safeParse({ name }).success, name).toBe(true);
  });
});
