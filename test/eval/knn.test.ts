import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import type { PatchSet } from '../../src/embed/embedClips.js';
import { boundNeighbours } from '../../src/eval/boundNeighbours.js';
import { knnVote, leaveOneClipOutKnn } from '../../src/eval/knn.js';
import { Rng } from '../../src/util/rng.js';
import { TopK } from '../../src/util/topK.js';
import { availableBackends } from '../support/backends.js';

/** The obvious way: sort all cosines, count, count again. Ties to the lower index everywhere. */
function oracle(bank: PatchSet, bankLabels: number[], queries: PatchSet, numClasses: number, k: number, exceptOwnClip: boolean) {
  const unit = ({ h, dim }: PatchSet, row: number) => {
    const values = Array.from(h.subarray(row * dim, (row + 1) * dim));
    const norm = Math.max(Math.hypot(...values), 1e-12);
    return values.map((value) => value / norm);
  };
  const majority = (votes: number[]) => {
    const counts = Array.from({ length: numClasses }, (_, label) => votes.filter((vote) => vote === label).length);
    return counts.indexOf(Math.max(...counts));
  };
  const patches = Array.from({ length: queries.clipOfPatch.length }, (_, q) => {
    const cosines = bankLabels.map((_, b) => unit(queries, q).reduce((sum, value, i) => sum + value * unit(bank, b)[i], 0));
    const order = bankLabels.map((_, b) => b).filter((b) => !exceptOwnClip || bank.clipOfPatch[b] !== queries.clipOfPatch[q]);
    order.sort((a, b) => cosines[b] - cosines[a] || a - b);
    return majority(order.slice(0, k).map((b) => bankLabels[b]));
  });
  const clips = [...new Set(Array.from(queries.clipOfPatch))];
  return clips.map((clip) => majority(patches.filter((_, q) => queries.clipOfPatch[q] === clip)));
}

/**
 * The vote by similarity in the same way: shares of exp(cosine / 0.07) a patch, their mean a clip. Leaving the own clip out, clip n of a
 * class also leaves out clip n of each other class with several clips, counted round.
 */
function similarityOracle(bank: PatchSet, bankLabels: number[], queries: PatchSet, numClasses: number, k: number, exceptOwnClip: boolean) {
  const unit = ({ h, dim }: PatchSet, row: number) => {
    const values = Array.from(h.subarray(row * dim, (row + 1) * dim));
    return values.map((value) => value / Math.hypot(...values));
  };
  const clipsOf = (label: number) => [...new Set(Array.from(bank.clipOfPatch).filter((_, b) => bankLabels[b] === label))];
  const leftOut = (clip: number): number[] => {
    if (!exceptOwnClip) return [];
    const own = bankLabels[Array.from(bank.clipOfPatch).indexOf(clip)];
    const place = clipsOf(own).indexOf(clip);
    const others = Array.from({ length: numClasses }, (_, label) => label).filter((label) => label !== own && clipsOf(label).length > 1);
    return [clip, ...others.map((label) => clipsOf(label)[place % clipsOf(label).length])];
  };
  const shares = Array.from(queries.clipOfPatch, (clip, q) => {
    const without = leftOut(clip);
    const near = bankLabels
      .map((label, b) => ({ label, b, cosine: unit(queries, q).reduce((sum, value, i) => sum + value * unit(bank, b)[i], 0) }))
      .filter(({ b }) => !without.includes(bank.clipOfPatch[b]))
      .sort((x, y) => y.cosine - x.cosine || x.b - y.b)
      .slice(0, k);
    const total = near.reduce((sum, { cosine }) => sum + Math.exp(cosine / 0.07), 0);
    return Array.from({ length: numClasses }, (_, label) =>
      near.filter((one) => one.label === label).reduce((sum, { cosine }) => sum + Math.exp(cosine / 0.07) / total, 0),
    );
  });
  return [...new Set(Array.from(queries.clipOfPatch))].map((clip) => {
    const own = shares.filter((_, q) => queries.clipOfPatch[q] === clip);
    return own[0].map((_, label) => own.reduce((sum, share) => sum + share[label], 0) / own.length);
  });
}

function randomPatches(seed: number, numClips: number, dim: number): PatchSet {
  const rng = new Rng({ seed, purpose: 'test' });
  const clipOfPatch = Array.from({ length: numClips }, (_, clip) => Array<number>(1 + rng.integer(0, 4)).fill(clip)).flat();
  return { dim, clipOfPatch, h: Float32Array.from({ length: clipOfPatch.length * dim }, () => rng.normal()) };
}

describe.each(availableBackends)('knnVote on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test.each([1, 5, 20, 1000])('equals sorting everything, %i neighbours', async (neighbours) => {
    for (let seed = 0; seed < 6; seed++) {
      const [bank, queries] = [randomPatches(seed, 12, 5), randomPatches(seed + 100, 9, 5)];
      const bankLabels = Array.from(bank.clipOfPatch, (clip) => clip % 3);
      const vote = await knnVote({ bank, bankLabels, queries, numClasses: 3, neighbours, vote: 'majority' });
      expect(vote.predicted).toEqual(oracle(bank, bankLabels, queries, 3, neighbours, false));
      expect(vote.numNeighbours).toBe(Math.min(neighbours, bankLabels.length));
      const without = await leaveOneClipOutKnn({ patches: bank, labels: bankLabels, numClasses: 3, neighbours, vote: 'majority' });
      expect(without.predicted).toEqual(oracle(bank, bankLabels, bank, 3, neighbours, true));
      expect(tf.memory().numTensors).toBe(0);
    }
  });
});

describe.each(availableBackends)('the vote by similarity on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test.each([1, 5, 20, 1000])('equals weighing everything, %i neighbours', async (neighbours) => {
    for (let seed = 0; seed < 4; seed++) {
      const [bank, queries] = [randomPatches(seed, 12, 5), randomPatches(seed + 100, 9, 5)];
      // Classes of 6, 5 and 1 clips.
      const bankLabels = Array.from(bank.clipOfPatch, (clip) => (clip === 11 ? 2 : clip % 2));
      for (const exceptOwnClip of [false, true]) {
        const asking = exceptOwnClip ? bank : queries;
        const vote = await knnVote({ bank, bankLabels, queries: asking, numClasses: 3, neighbours, exceptOwnClip });
        const expected = similarityOracle(bank, bankLabels, asking, 3, neighbours, exceptOwnClip);
        // float32 cosines: 1e-6 / 0.07 in the exponent.
        for (const [clip, row] of expected.entries())
          for (const [label, share] of row.entries()) expect(vote.probabilities[clip][label]).toBeCloseTo(share, 4);
        expect(vote.predicted).toEqual(expected.map((row) => row.indexOf(Math.max(...row))));
      }
    }
  });
});

/** One patch a clip, many of them. */
function manyPatches(seed: number, count: number, dim: number): PatchSet {
  const rng = new Rng({ seed, purpose: 'test' });
  return {
    dim,
    clipOfPatch: Array.from({ length: count }, (_, i) => i),
    h: Float32Array.from({ length: count * dim }, () => rng.normal()),
  };
}

describe('knnVote in blocks', () => {
  beforeAll(() => setBackend({ backend: 'wasm' }));

  test('asks every patch of a bank of several blocks, its own clip left out, for queries of several blocks', async () => {
    const patches = manyPatches(1, 9000, 4);
    const labels = patches.clipOfPatch as number[];
    const kinds = labels.map((clip) => (clip * 7) % 5);
    const { predicted } = await leaveOneClipOutKnn({ patches, labels: kinds, numClasses: 5, neighbours: 7, vote: 'majority' });
    // Clips beside the edges of blocks of the bank and of queries.
    for (const clip of [0, 2047, 2048, 4095, 4096, 8191, 8192, 8999]) {
      const query = { dim: 4, h: patches.h.slice(4 * clip, 4 * clip + 4), clipOfPatch: [clip] };
      expect([clip, predicted[clip]]).toEqual([clip, oracle(patches, kinds, query, 5, 7, true)[0]]);
    }
  });

  test('holds blocks of rows and of cosines on the backend, however large the bank', async () => {
    const queries = manyPatches(2, 100, 8);
    const peakOf = async (numBank: number) => {
      const bank = manyPatches(3, numBank, 8);
      const bankLabels = new Array<number>(numBank).fill(0);
      const before = tf.memory();
      const { peakBytes, result } = await tf.profile(async () => {
        await knnVote({ bank, bankLabels, queries, numClasses: 1 });
        return tf.scalar(0);
      });
      tf.dispose(result);
      return peakBytes - before.numBytes;
    };
    const small = await peakOf(4096);
    expect(await peakOf(5 * 4096)).toBe(small);
    // The product, and a few times the rows of its blocks: given, squared, divided.
    expect(small).toBeLessThan(4 * (100 * 4096 + 4 * 8 * (100 + 4096)));
  });
});

describe('the vote on small data', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  const set = (
    numClasses: number,
    clipsPerClass: number,
    rowOf: (label: number, i: number) => number[],
  ): { patches: PatchSet; labels: number[] } => {
    const labels = Array.from({ length: numClasses * clipsPerClass }, (_, i) => Math.floor(i / clipsPerClass));
    const rows = labels.map((label, i) => rowOf(label, i));
    return { labels, patches: { dim: rows[0].length, h: Float32Array.from(rows.flat()), clipOfPatch: labels.map((_, i) => i) } };
  };
  const accuracy = async ({ patches, labels }: ReturnType<typeof set>, numClasses: number, wanted: number): Promise<number> => {
    const { neighbours } = boundNeighbours({ wanted, labels, clipOfPatch: patches.clipOfPatch, exceptOwnClip: true });
    const { predicted } = await leaveOneClipOutKnn({ patches, labels, numClasses, neighbours });
    return labels.filter((label, i) => predicted[i] === label).length / labels.length;
  };

  test('classes that lie apart are told apart, two of five clips, ten of three, whatever K', async () => {
    const oneHot = (label: number, i: number) => Array.from({ length: 10 }, (_, d) => (d === label ? 1 : 0.01 * ((i * 7 + d * 3) % 5)));
    for (const wanted of [1, 99, 200]) {
      expect(await accuracy(set(2, 5, oneHot), 2, wanted)).toBe(1);
      expect(await accuracy(set(10, 3, oneHot), 10, wanted)).toBe(1);
    }
  });

  test('leaving one clip out is fair: without information it is right as often as chance, not always wrong', async () => {
    // The mean over draws of 2 x 5 clips; with the own class alone a clip short it is 4/9 at K = 1 and near 0 at K = 9.
    for (const wanted of [1, 3, 200]) {
      let sum = 0;
      for (let seed = 0; seed < 150; seed++) {
        const rng = new Rng({ seed, purpose: 'fair' });
        sum += await accuracy(
          set(2, 5, () => [rng.normal(), rng.normal(), rng.normal()]),
          2,
          wanted,
        );
      }
      // Clips of a draw depend on one another: the deviation of a mean of 150 draws is about 0.02.
      expect(Math.abs(sum / 150 - 0.5)).toBeLessThan(0.05);
    }
  });

  test('K is bounded by the smallest class and the bank, and a line says so', () => {
    const labels = [0, 0, 0, 0, 1, 1, 1];
    const clipOfPatch = [0, 0, 1, 1, 2, 2, 3];
    expect(boundNeighbours({ wanted: 200, labels, clipOfPatch })).toEqual({
      neighbours: 3,
      note: 'K is 3 in place of 200: the smallest class has 3 patches to ask',
    });
    expect(boundNeighbours({ wanted: 200, labels, clipOfPatch, exceptOwnClip: true })).toMatchObject({ neighbours: 1 });
    expect(boundNeighbours({ wanted: 2, labels, clipOfPatch })).toEqual({ neighbours: 2 });
  });

  test('nearer neighbours weigh more', async () => {
    const at = (...angles: number[]) => Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));
    const bank = { dim: 2, h: at(0.05, 1.2, 1.3), clipOfPatch: [0, 1, 2] };
    const queries = { dim: 2, h: at(0), clipOfPatch: [0] };
    const options = { bank, bankLabels: [1, 0, 0], queries, numClasses: 2, neighbours: 3 };
    expect((await knnVote({ ...options, vote: 'majority' })).predicted).toEqual([0]);
    expect((await knnVote(options)).predicted).toEqual([1]);
  });
});

describe('knnVote', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));
  // Rows at chosen angles: cosine falls with the angle to the query at 0.
  const at = (...angles: number[]) => Float32Array.from(angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]));

  test('length does not matter, only direction', async () => {
    const bank = { dim: 2, h: Float32Array.of(100, 1, 0.001, 0.002), clipOfPatch: [0, 1] };
    const queries = { dim: 2, h: Float32Array.of(0.5, 0.9), clipOfPatch: [0] };
    expect((await knnVote({ bank, bankLabels: [0, 1], queries, numClasses: 2, neighbours: 1, vote: 'majority' })).predicted).toEqual([1]);
  });

  test('ties of votes go to the lowest class, of cosines to the earlier patch', async () => {
    const queries = { dim: 2, h: at(0), clipOfPatch: [0] };
    const two = { dim: 2, h: at(0.1, 0.2), clipOfPatch: [0, 1] };
    expect((await knnVote({ bank: two, bankLabels: [2, 1], queries, numClasses: 3, vote: 'majority' })).predicted).toEqual([1]);
    const equal = { dim: 2, h: at(0.3, 0.1, 0.1, 0.1), clipOfPatch: [0, 1, 2, 3] };
    expect((await knnVote({ bank: equal, bankLabels: [0, 2, 1, 1], queries, numClasses: 3, neighbours: 1 })).predicted).toEqual([2]);
  });

  test('a clip goes by the majority of its patches; probabilities are their shares; top three by votes of patches, then of neighbours', async () => {
    const bank = { dim: 2, h: at(0, 0.1, 1, 1.1, 2, 3), clipOfPatch: [0, 1, 2, 3, 4, 5] };
    const bankLabels = [0, 3, 1, 1, 2, 2];
    const queries = { dim: 2, h: at(0.9, 1.2, 0), clipOfPatch: [7, 7, 7] };
    const vote = await knnVote({ bank, bankLabels, queries, numClasses: 4, neighbours: 2, vote: 'majority' });
    expect(vote).toEqual({ clips: [7], predicted: [1], probabilities: [[1 / 3, 2 / 3, 0, 0]], topThree: [[1, 0, 3]], numNeighbours: 2 });
  });

  test('an empty bank, rows of another size and a single clip without others are refused', async () => {
    const one = { dim: 2, h: at(0, 1), clipOfPatch: [0, 0] };
    const empty = { dim: 2, h: new Float32Array(0), clipOfPatch: [] };
    await expect(knnVote({ bank: empty, bankLabels: [], queries: one, numClasses: 2 })).rejects.toThrow(/at least 1 labelled patch/);
    await expect(knnVote({ bank: { ...one, dim: 1 }, bankLabels: [0, 0], queries: one, numClasses: 2 })).rejects.toThrow(
      /rows must have one size/,
    );
    await expect(leaveOneClipOutKnn({ patches: one, labels: [0, 0], numClasses: 2 })).rejects.toThrow(/at least 2 clips/);
    expect(tf.memory().numTensors).toBe(0);
  });
});

test('TopK keeps what sorting keeps, the lower index of equal values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      (numbers, k) => {
        const values = Float32Array.from([99, ...numbers]);
        const best = new TopK(k);
        best.addRow(values, 1, numbers.length, (i) => i === 3);
        const expected = numbers
          .map((_, i) => i)
          .filter((i) => i !== 3)
          .sort((a, b) => numbers[b] - numbers[a] || a - b);
        expect(Array.from(best.indices()).sort((a, b) => a - b)).toEqual(expected.slice(0, k).sort((a, b) => a - b));
      },
    ),
    { numRuns: 300 },
  );
});
