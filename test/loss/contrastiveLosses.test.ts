import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { contrastiveLosses } from '../../src/loss/contrastiveLosses.js';
import { nceLoss } from '../../src/loss/nceLoss.js';
import { nPairsLoss } from '../../src/loss/nPairsLoss.js';
import { pairMarginLoss } from '../../src/loss/pairMarginLoss.js';
import { crossPairs, labelPairs, memoryPairs, type Pairs, queuePairs, viewPairs } from '../../src/loss/pairs.js';
import { softmaxContrastiveLoss } from '../../src/loss/softmaxContrastiveLoss.js';
import { supConLoss } from '../../src/loss/supConLoss.js';
import { tclLoss } from '../../src/loss/tclLoss.js';
import { tripletMarginLoss } from '../../src/loss/tripletMarginLoss.js';
import { numericGradient } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';
import { int32, lossNamed, lossOf, randomRows, toRows, Z } from './lossRows.js';
import type { Rows } from './oracles.js';
import { anchorsOf, nceLoops, ownNegativesLoops, pairMarginLoops, supConLoops, tclLoops, tripletLoops } from './pairOracles.js';

type Name = keyof typeof contrastiveLosses;
type Anchors = ReturnType<typeof anchorsOf>;

interface Golden {
  rows: number;
  dim: number;
  unequal: number[];
  balanced: number[];
  losses: Record<string, { value: number; gradient: number[] }>;
}
const golden = JSON.parse(readFileSync(new URL('../golden/loss/peers.json', import.meta.url), 'utf8')) as Golden;

/** A loss with options and what the loops say of it. */
const specified: [Name, object, (anchors: Anchors) => number][] = [
  ['ntXent', { temperature: 0.3 }, (a) => supConLoops(a, 0.3)],
  ['supCon', { temperature: 0.1 }, (a) => supConLoops(a, 0.1)],
  ['supCon', { temperature: 0.5, denominator: 'negatives' }, (a) => ownNegativesLoops(a, 0.5)],
  ['tcl', { temperature: 0.2, k1: 50, k2: 3 }, (a) => tclLoops(a, { temperature: 0.2, k1: 50, k2: 3 })],
  ['tcl', { temperature: 0.1, k1: 0, k2: 1 }, (a) => supConLoops(a, 0.1)],
  ...(['squared', 'spring'] as const).flatMap((form) =>
    (['kinds', 'nonZero', 'pairs'] as const).map((average): [Name, object, (anchors: Anchors) => number] => [
      'pairMargin',
      { margin: 1.2, form, average },
      (a) => pairMarginLoops(a, { margin: 1.2, form, average }),
    ]),
  ),
  ...(['all', 'hard', 'semiHard', 'easy'] as const).flatMap((mining) =>
    ([true, false] as const).map((squared): [Name, object, (anchors: Anchors) => number] => [
      'tripletMargin',
      { margin: 0.4, mining, distance: squared ? 'squared' : 'euclidean' },
      (a) => tripletLoops(a, { margin: 0.4, mining, squared, average: 'mined' }),
    ]),
  ),
  [
    'tripletMargin',
    { margin: 0.3, mining: 'all', average: 'violating' },
    (a) => tripletLoops(a, { margin: 0.3, mining: 'all', squared: true, average: 'violating' }),
  ],
  ['nPairs', {}, (a) => ownNegativesLoops(a, 1)],
  ['softmaxContrastive', { temperature: 0.3 }, (a) => supConLoops(a, 0.3)],
  ['nce', { temperature: 0.4, meanExponential: 2.5 }, (a) => nceLoops(a, { temperature: 0.4, meanExponential: 2.5 })],
];

/** Of rows of one label, in a batch compared with itself. */
function ofLabels(name: Name, options: object, labels: readonly number[]) {
  const { loss, options: checked } = lossNamed(name, options);
  return (z: tf.Tensor2D) => loss.compute(labelPairs(z, int32(labels)), checked);
}

const halves = (z: tf.Tensor2D) => tf.split<tf.Tensor2D>(z, 2) as [tf.Tensor2D, tf.Tensor2D];

describe.each(availableBackends)('contrastive losses on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each(specified)('%s %o equals the loops and finite differences', (name, options, loops) => {
    for (const [rows, dim, labels] of [
      [7, 4, [0, 1, 0, 2, 1, 0, 3]],
      [10, 3, [1, 1, 0, 0, 1, 2, 2, 0, 1, 5]],
    ] as const) {
      const x = randomRows(rows, dim, rows);
      const oracle = (flat: number[]) => loops(anchorsOf(toRows(flat, dim), labels));
      const { value, gradient } = lossOf(ofLabels(name, options, labels), x);
      // Float32 cosines, over temperatures down to 0.1.
      expect([value]).toBeAllClose([oracle(x.flat())], { rtol: 2e-5, atol: 1e-7 });
      expect(gradient).toBeAllClose(numericGradient(oracle, x.flat()), { rtol: 2e-4, atol: 2e-5 });
    }
  });

  it.each([null, 2.5])(
    'nce of a memory, meanExponential %s: equations 4 to 7 draw by draw, with their gradients, from places as from masks',
    (meanExponential) => {
      const [n, size, dim, temperature] = [5, 7, 3, 0.4];
      const x = randomRows(n + size, dim, 8);
      // Rows drawn twice, and the own one.
      const [positives, noise] = [[3, 0, 6, 2, 2], [[0, 1, 1], [0, 0, 0], [5, 6, 4], [3, 2, 1], [6, 6, 4]]]; // biome-ignore format: one line
      const scoresOf = (flat: number[]) => {
        const rows = toRows(flat, dim).map((row) => row.map((value) => value / Math.hypot(...row)));
        const score = (a: number[], b: number[]) => Math.exp(a.reduce((sum, value, i) => sum + value * b[i], 0) / temperature);
        return rows.slice(0, n).map((row) => rows.slice(n).map((other) => score(row, other)));
      };
      const normalisers = scoresOf(x.flat()).map((scores) =>
        meanExponential === null ? scores.reduce((a, b) => a + b) : meanExponential * size,
      );
      const oracle = (flat: number[]) =>
        scoresOf(flat).reduce((total, scores, i) => {
          const isData = (place: number) => {
            const probability = scores[place] / normalisers[i]; // Z is a constant of the gradient.
            return probability / (probability + 3 / size);
          };
          return total - (Math.log(isData(positives[i])) + noise[i].reduce((sum, place) => sum + Math.log(1 - isData(place)), 0)) / n;
        }, 0);
      const [value, gradient] = [oracle(x.flat()), numericGradient(oracle, x.flat())];
      const options = { temperature, meanExponential };
      const drawn = { positives: int32(positives), noise: tf.tensor2d(noise, [n, 3], 'int32') };
      const places = (z: tf.Tensor2D) => nceLoss(tf.slice(z, 0, n), tf.slice(z, n), drawn, options);
      const masks = (z: tf.Tensor2D) => {
        const { drawn: _, ...pairs } = memoryPairs(tf.slice(z, 0, n), tf.slice(z, n), drawn);
        return lossNamed('nce', options).loss.compute(pairs, lossNamed('nce', options).options);
      };
      for (const loss of [places, masks]) {
        const ours = lossOf(loss, x);
        expect([ours.value]).toBeAllClose([value], { rtol: 2e-5, atol: 1e-7 });
        expect(ours.gradient).toBeAllClose(gradient, { rtol: 2e-4, atol: 2e-5 });
      }
      tf.dispose(drawn);
    },
  );

  it.each<[string, Name, object, number[] | 'cross' | 'views' | 'queue', number]>([
    ['supCon', 'supCon', { temperature: 0.1 }, golden.unequal, 1],
    ['ntXentOwnNegatives', 'supCon', { temperature: 0.2, denominator: 'negatives' }, golden.balanced, 1],
    // pytorch-metric-learning has no 1/2.
    ['pairMargin', 'pairMargin', { margin: 1.2, form: 'spring', average: 'nonZero' }, golden.unequal, 2],
    ['nPairs', 'nPairs', {}, 'cross', 1],
    ['ntXentTwoViews', 'ntXent', { temperature: 0.2 }, 'views', 1],
    ['ntXentTwoViews', 'infoNce', { temperature: 0.2 }, 'views', 1],
    ['ntXentQueue', 'infoNce', { temperature: 0.2 }, 'queue', 1],
    ...(['euclidean', 'squared'] as const).flatMap((distance) =>
      (['all', 'hard', 'semiHard'] as const).map((mining): [string, Name, object, number[], number] => [
        `triplet-${mining}-${distance}`,
        'tripletMargin',
        { margin: 0.4, mining, distance, average: 'violating' },
        golden.unequal,
        1,
      ]),
    ),
  ])('has the values and gradients of the peers: %s by %s %o', (key, name, options, pairsOf, factor) => {
    const { loss, options: checked } = lossNamed(name, options);
    const makePairs = (z: tf.Tensor2D): Pairs => {
      if (pairsOf === 'cross') return crossPairs(...halves(z));
      if (pairsOf === 'views') return viewPairs(halves(z));
      if (pairsOf === 'queue') return queuePairs(...halves(z), tf.tensor2d(randomRows(5, golden.dim, 9)));
      return labelPairs(z, int32(pairsOf));
    };
    const { value, gradient } = lossOf((z) => tf.mul(loss.compute(makePairs(z), checked), factor), randomRows(golden.rows, golden.dim, 1));
    expect([value]).toBeAllClose([golden.losses[key].value], { rtol: 1e-5 });
    expect(gradient).toBeAllClose(golden.losses[key].gradient, { rtol: 1e-4, atol: 5e-6 });
  });

  it('has the golden values of the reference (float64, 14.2 to 14.4)', () => {
    const near = (value: tf.Scalar, expected: number) => expect(value.dataSync()).toBeAllClose([expected], { rtol: 1e-5, atol: 5e-7 }); // The smallest is a difference of logits of 10.
    tf.tidy(() => {
      const z = tf.tensor2d(Z);
      const pairs = int32([0, 1, 0, 1]);
      near(supConLoss(z, pairs), 0.003379929);
      near(tclLoss(z, pairs), 0.169428062);
      const six = tf.tensor2d([...Z, [0.7, 0.1, 0.2], [0.3, 0.9, 0.1]]);
      const labels = int32([0, 1, 0, 1, 0, 1]);
      near(supConLoss(six, labels), 0.920501519);
      near(tclLoss(six, labels), 1.164271262);
      near(tclLoss(six, labels, { k1: 100, k2: 3 }), 0.962958343);
      // Supervised NT-Xent.
      near(supConLoss(z, int32([0, 1, 0, 0]), { temperature: 0.5 }), 1.653608281);
      // One anchor with one positive and one negative.
      const single: Pairs = { anchors: tf.slice(z, [0], [1]), candidates: z, isPositive: tf.tensor2d([[0, 0, 1, 0]]), isNegative: tf.tensor2d([[0, 1, 0, 0]]) }; // biome-ignore format: one line
      const one = (name: Name, options: object, isNegative = single.isNegative) => {
        const { loss, options: checked } = lossNamed(name, options);
        return loss.compute({ ...single, isNegative }, checked);
      };
      near(one('pairMargin', { margin: 2, form: 'spring' }), 0.141819789 + 0.350594662);
      near(one('pairMargin', { margin: 2 }), 0.040225705 + 0.245833235);
      near(one('tripletMargin', { margin: 1.2, distance: 'euclidean', mining: 'all' }), 0.184828904);
      near(one('tripletMargin', { margin: 1.7, mining: 'all' }), 0.093542241);
      near(one('nPairs', {}, tf.tensor2d([[0, 1, 0, 1]])), 0.563050606);
      near(nceLoss(tf.slice(z, [0], [1]), z, { positives: int32([2]), noise: tf.tensor2d([[1, 3]], [1, 2], 'int32') }, { temperature: 0.5 }), 1.01635602); // biome-ignore format: one line
    });
  });

  it('has its closed forms: equal rows', () => {
    const equal = Array.from({ length: 6 }, () => [0.3, -0.2, 0.9]);
    const at = (name: Name, options: object = {}) => lossOf(ofLabels(name, options, [0, 1, 2, 0, 1, 2]), equal).value;
    // One positive and four negatives for each anchor.
    const closed = [Math.log(5), Math.log(5), Math.log(5), Math.log(5), 0.4, 0.5, 0.4];
    const got = [
      ...[at('supCon'), at('supCon', { denominator: 'negatives' }), at('nPairs'), at('ntXent')],
      ...[at('tripletMargin', { margin: 0.4, mining: 'hard' }), at('pairMargin', { margin: 1 })],
      at('tripletMargin', { margin: 0.4, mining: 'all' }),
    ];
    expect(got).toBeAllClose(closed, { rtol: 1e-3 });
    const k = { temperature: 0.1, k1: 5000, k2: 2 };
    expect([at('tcl', k)]).toBeAllClose([Math.log(1 + 2 * 4 + 5000 * Math.exp(-11))], { rtol: 1e-5 });
    for (const name of Object.keys(contrastiveLosses) as Name[]) {
      const { loss, options } = lossNamed(name);
      const chance = loss.valueAtChance?.(4, options);
      if (chance !== undefined) expect([at(name)], name).toBeAllClose([chance], { rtol: 1e-5 });
    }
  });

  it('softmaxContrastive compares two views across, in both directions', () => {
    const rows = randomRows(8, 5, 4);
    const { loss, options } = lossNamed('softmaxContrastive', { temperature: 0.2 });
    tf.tidy(() => {
      const [a, b] = halves(tf.tensor2d(rows));
      const both = loss.compute(viewPairs([a, b]), options).dataSync()[0];
      const [there, back] = [softmaxContrastiveLoss(a, b, { temperature: 0.2 }), softmaxContrastiveLoss(b, a, { temperature: 0.2 })];
      expect([both]).toBeAllClose([(there.dataSync()[0] + back.dataSync()[0]) / 2], { rtol: 1e-5 });
    });
  });

  it('does not depend on the rows’ order or lengths', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0.1, max: 10, noNaN: true }), (key, factor) => {
        const rows = randomRows(8, 4, key);
        const labels = [0, 1, 2, 0, 1, 0, 3, 1];
        const order = [3, 0, 7, 6, 1, 2, 5, 4];
        for (const [name, options] of specified) {
          const { value } = lossOf(ofLabels(name, options, labels), rows);
          const mixed = order.map((i) => rows[i].map((x) => x * factor ** (i % 3)));
          const again = lossOf(ofLabels(name, options, order.map((i) => labels[i])), mixed).value; // biome-ignore format: one line
          expect([again], name).toBeAllClose([value], { rtol: 1e-4, atol: 1e-5 });
        }
      }),
      { numRuns: 3, seed: 1 },
    );
  });

  it('stays finite, gradients too, at equal, opposite, zero, huge and tiny rows, one class and anchors without positives', () => {
    const e = [1, 2, -1];
    const minus = e.map((value) => -value);
    const cases: Rows[] = [
      [e, e, e, e],
      [e, minus, minus, e],
      [e, e, minus, minus],
      [[0, 0, 0], e, [1, 0, 0], [0, 1, 0]],
      [[1e30, 0, 1e30], e, e, [1e-20, 0, 0]],
    ];
    const extreme: Partial<Record<Name, object[]>> = {
      infoNce: [
        { temperature: 0.01, m1: 1, m2: 1 },
        { temperature: 0.01, s: 40, c: 0.3, attenuation: 'I' },
        { temperature: 0.01, attenuation: 'II', m1: Math.PI },
      ],
      tcl: [{ temperature: 0.01, k1: 1e6, k2: 100 }],
      supCon: [{ temperature: 0.01 }, { temperature: 0.01, denominator: 'negatives' }],
      pairMargin: [{}, { form: 'spring' }],
      tripletMargin: [{ mining: 'all', distance: 'euclidean' }, { mining: 'hard' }, { mining: 'easy' }],
    };
    for (const name of Object.keys(contrastiveLosses) as Name[]) {
      const hasTemperature = 'temperature' in contrastiveLosses[name].options.shape;
      for (const options of extreme[name] ?? [hasTemperature ? { temperature: 0.01 } : {}])
        for (const labels of [
          [0, 1, 0, 1],
          [0, 0, 0, 0],
          [0, 0, 1, 2],
          [0, 1, 2, 3],
        ])
          for (const rows of cases) {
            const { value, gradient } = lossOf(ofLabels(name, options, labels), rows);
            const broken = [value, ...gradient].filter((number) => !Number.isFinite(number));
            expect(broken, `${name} ${JSON.stringify({ options, labels, rows })}`).toEqual([]);
          }
    }
  });
});

describe('arguments of the losses of labels', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  it('are refused with the option and its value', () => {
    tf.tidy(() => {
      const z = tf.tensor2d(Z);
      const labels = int32([0, 1, 0, 1]);
      const all = { supConLoss, tclLoss, pairMarginLoss, tripletMarginLoss, nPairsLoss };
      for (const [name, loss] of Object.entries(all)) {
        expect(() => loss(z, tf.tensor1d([0, 1, 0, 1]))).toThrow(`${name}: needs embeddings [rows, dim] with 2 rows or more and a label of type int32 each, got [4,3] and [4] of float32`); // biome-ignore format: one line
        expect(() => loss(z, int32([0, 1, 2, 3]))).toThrow(`${name}: a label must stand at two rows at least, got 4 rows of 4 labels: there are no positives`); // biome-ignore format: one line
      }
      for (const [name, loss] of Object.entries({ tripletMarginLoss, nPairsLoss }))
        expect(() => loss(z, int32([7, 7, 7, 7]))).toThrow(`${name}: labels must be of two classes or more, got 4 rows of label 7: there are no negatives`); // biome-ignore format: one line
      expect(() => supConLoss(z, labels, { temperature: -1 })).toThrow('supConLoss: temperature must be >= 0.001, got -1');
      expect(() => tclLoss(z, labels, { k2: 0 })).toThrow('tclLoss: k2 must be > 0, got 0');
      expect(() => pairMarginLoss(z, labels, { margin: 3 })).toThrow('pairMarginLoss: margin must be <= 2, got 3');
      expect(() => tripletMarginLoss(z, labels, { margin: 0 })).toThrow('tripletMarginLoss: margin must be > 0, got 0');
      expect(() => nPairsLoss(z, labels, { temperature: Number.NaN })).toThrow(/nPairsLoss: temperature must be .*, got NaN/);
      const noise = tf.tensor2d([[1, 9]], [1, 2], 'int32');
      const drawn = { positives: int32([2]), noise };
      expect(() => nceLoss(tf.slice(z, [0], [1]), z, drawn)).toThrow(
        'nceLoss: positives and noise must be places 0 .. 3 of the memory, got 9',
      );
      expect(() => softmaxContrastiveLoss(z, tf.ones([3, 3]))).toThrow(/softmaxContrastiveLoss: both views must be \[n, dim\]/);
    });
  });
});
