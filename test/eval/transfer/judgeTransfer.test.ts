import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../../src/backend/setBackend.js';
import { pairedDifferences } from '../../../src/eval/statistics/pairedBootstrap.js';
import { judgeTransfer } from '../../../src/eval/transfer/judgeTransfer.js';
import type { TransferFolds } from '../../../src/eval/transfer/transferFolds.js';
import { type ClipFeatures, predictFromFew, predictLinear, predictNeighbours } from '../../../src/eval/transfer/transferProtocols.js';
import { Rng } from '../../../src/util/rng.js';

beforeAll(() => setBackend({ backend: 'cpu' }));

const n = 48;
const labels = Array.from({ length: n }, (_, i) => i % 3);
const folds: TransferFolds = {
  indices: [...labels.keys()],
  ids: labels.map((_, i) => `c${i}`),
  groups: labels.map((_, i) => `g${Math.floor(i / 6)}-${i % 3}`),
  labels,
  classNames: ['a', 'b', 'c'],
  foldOf: Uint32Array.from(labels, (_, i) => Math.floor(i / 12)),
  folds: ['1', '2', '3', '4'],
  how: '',
  notes: [],
};

/** Rows whose first three columns know the class as well as `signal` says. */
function features(signal: number, seed: number, given: readonly number[] = labels): ClipFeatures {
  const rng = new Rng({ seed, purpose: 'test' });
  const dim = 8;
  return {
    values: Float32Array.from({ length: n * dim }, (_, i) => rng.normal() + (i % dim === given[Math.floor(i / dim)] ? signal : 0)),
    dim,
  };
}

describe('protocols', () => {
  test('neighbours: the loop over the clips of the other folds, five nearest by cosine weighted by exp(cosine / 0.07)', async () => {
    const { values, dim } = features(1, 1);
    const row = (i: number) => [...values.slice(i * dim, (i + 1) * dim)];
    const cosine = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
    const expected = labels.map((_, i) => {
      const near = labels
        .flatMap((label, j) => (folds.foldOf[j] === folds.foldOf[i] ? [] : [{ label, cosine: cosine(row(i), row(j)) }]))
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, 5);
      const votes = [0, 0, 0];
      for (const { label, cosine: c } of near) votes[label] += Math.exp(c / 0.07);
      return votes.indexOf(Math.max(...votes));
    });
    expect(await predictNeighbours({ values, dim }, folds)).toEqual(expected);
  });

  test('mixed columns are scaled for neighbours, so that one of large values does not decide alone', async () => {
    const { values, dim } = features(4, 2);
    const large = values.map((value, i) => (i % dim === 7 ? 1e4 * value : value));
    const right = (predicted: number[]) => predicted.filter((label, i) => label === labels[i]).length;
    const scaled = right(await predictNeighbours({ values: large, dim, areMixed: true }, folds));
    expect(scaled).toBeGreaterThan(right(await predictNeighbours({ values: large, dim }, folds)));
    expect(scaled).toBeGreaterThan(40);
  });

  test.each([
    ['linear', predictLinear],
    ['few', predictFromFew({ shots: 2, draw: 1 })],
    ['neighbours', predictNeighbours],
  ])('%s: labels of the fold that is predicted change nothing; those of the others do', async (_, predict) => {
    const own = features(0.8, 3);
    const before = await predict(own, folds);
    const flipped = labels.map((label, i) => (folds.foldOf[i] === 0 ? (label + 1) % 3 : label));
    const after = await predict(own, { ...folds, labels: flipped });
    expect(after.slice(0, 12)).toEqual(before.slice(0, 12));
    expect(after.slice(12)).not.toEqual(before.slice(12));
  });

  test('few: learns from as many clips a class as it is told, other ones at another draw', async () => {
    const own = features(0.8, 5);
    const [one, same, other] = await Promise.all([7, 7, 8].map((draw) => predictFromFew({ shots: 1, draw })(own, folds)));
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    const many = await predictFromFew({ shots: 1000, draw: 7 })(own, folds);
    const right = (predicted: number[]) => predicted.filter((label, i) => label === labels[i]).length;
    expect(right(many)).toBeGreaterThan(right(one));
  });
});

describe('judgeTransfer', () => {
  const run = (signal: number, against = 0.5) =>
    judgeTransfer(
      folds,
      [
        { name: 'random', features: [11, 12].map((seed) => features(against, seed)), against: [] },
        { name: 'trained', features: [features(signal, 13)], against: ['random'] },
      ],
      { shots: [1], draws: 4, seed: 0, replicates: 200 },
    );

  test('yes, no and undecided as the paired intervals say, which are those of pairedDifferences on the predictions', async () => {
    const { results, comparisons, predictions } = await run(6);
    expect(comparisons.map(({ protocol, shots, better }) => [protocol, shots, better])).toEqual([
      ['linear', null, 'yes'],
      ['neighbours', null, 'yes'],
      ['few', 1, 'yes'],
    ]);
    const right = (predicted: readonly number[]) => predicted.map((label, i) => Number(label === labels[i]));
    const a = right(predictions.find(({ system, protocol }) => system === 'trained' && protocol === 'linear')?.predicted ?? []);
    const b = await Promise.all([11, 12].map(async (seed) => right(await predictLinear(features(0.5, seed), folds))));
    const expected = pairedDifferences({ a: [a], b, areSeedsPaired: false, labels, groups: folds.groups, replicates: 200, seed: 0 });
    const { micro } = comparisons[0].against[0].difference ?? {};
    expect(micro).toEqual({
      ...{ estimate: expected.micro.estimate, low: expected.micro.low, high: expected.micro.high, pValue: expected.micro.pValue },
    });
    expect(results[0][0].accuracies).toEqual(b.map((arm) => arm.reduce((x, y) => x + y, 0) / n));
    expect(results[1][2].accuracies).toHaveLength(4);
    expect((await run(0, 6)).comparisons.map(({ better }) => better).slice(0, 2)).toEqual(['no', 'no']);
    expect((await run(0.5)).comparisons[0].better).toBe('undecided');
  });

  test('from under ten recordings nothing is decided', async () => {
    const one = { ...folds, groups: labels.map((_, i) => `g${i % 9}`), foldOf: Uint32Array.from(labels, (_, i) => i % 3) };
    const nine = { ...one, foldOf: Uint32Array.from(labels, (_, i) => Math.floor((i % 9) / 3)), folds: ['1', '2', '3'] };
    const { comparisons } = await judgeTransfer(
      nine,
      [
        { name: 'random', features: [features(0, 1)], against: [] },
        { name: 'trained', features: [features(9, 2)], against: ['random'] },
      ],
      { shots: [], draws: 1, seed: 0, replicates: 100 },
    );
    expect(comparisons.map(({ better, against }) => [better, against[0].difference])).toEqual([
      ['undecided', null],
      ['undecided', null],
    ]);
  });
});
