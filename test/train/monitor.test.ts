import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { gridStarts } from '../../src/data/samplers.js';
import type { PatchEmbedder, PatchSource } from '../../src/embed/embedClips.js';
import type { PretrainMethod } from '../../src/method/pretrainMethod.js';
import { createMonitor, type MonitorLabels } from '../../src/train/monitor.js';
import type { PairSource } from '../../src/train/pairSource.js';
import type { TrainOptions } from '../../src/train/trainOptions.js';
import { Rng } from '../../src/util/rng.js';

const [patchFrames, patchHop, nMels] = [4, 3, 3];
const rng = new Rng({ seed: 1, purpose: 'monitor test' });
/** Log-mel of nine clips of 4 to 12 frames. */
const frames = Array.from({ length: 9 }, (_, clip) => Float32Array.from({ length: (4 + clip) * nMels }, () => rng.normal()));

const patchOf = (clip: number, start: number) => frames[clip].subarray(start * nMels, (start + patchFrames) * nMels);
const store: PatchSource = {
  nMels,
  clips: frames.map((values) => ({ numFrames: values.length / nMels })),
  readPatches: async (requests) => Float32Array.from(requests.flatMap(({ clip, start }) => [...patchOf(clip, start)])),
};
/** h = sum over time of each mel band. */
const embedder: PatchEmbedder = { patchFrames, patchHop, embedPatches: (patches) => tf.sum(patches, 1) };
const embed = (patch: Float32Array) => [0, 1, 2].map((band) => [0, 1, 2, 3].reduce((sum, t) => sum + patch[t * nMels + band], 0));

/** A method that gives clip c's views the embeddings `embeddingsOf(c)`, and a batch the mean of its clips' numbers as loss. */
function harness({
  clips = [0, 1, 2, 3, 4, 5, 6, 7, 8],
  batchSize = 4,
  labelled,
  neighbours = 3,
  vote = 'similarity',
  parameters = new Map(),
  embeddingsOf = (clip: number) => [
    [1 + clip, 1],
    [1, 2 + clip],
  ],
  lossOf = (clip: number) => clip,
  selectBy,
}: {
  clips?: number[];
  batchSize?: number;
  labelled?: MonitorLabels;
  neighbours?: number;
  vote?: 'majority' | 'similarity';
  parameters?: PretrainMethod['parameters'];
  embeddingsOf?: (clip: number) => number[][];
  lossOf?: (clip: number) => number;
  selectBy?: TrainOptions['selectBy'];
}) {
  const reads: { clips: number[]; epoch: number }[] = [];
  let batch: number[] = [];
  const source: PairSource = {
    viewsPerItem: 2,
    async read(of, epoch) {
      reads.push({ clips: [...of], epoch });
      batch = [...of];
      return { clips: of, patches: new Float32Array(0), plan: { steps: [] } };
    },
    toViews: () => tf.zeros([1, 1, 1]),
  };
  const evaluate: PretrainMethod['evaluate'] = () => ({
    loss: batch.reduce((sum, clip) => sum + lossOf(clip), 0) / batch.length,
    contrastiveLoss: 0,
    marginLoss: 0,
    embeddings: Float32Array.from([0, 1].flatMap((view) => batch.flatMap((clip) => embeddingsOf(clip)[view]))),
  });
  const method = {
    evaluate,
    parameters,
    updatesPerStep: 2,
    valueAtChance: (numPairs: number) => Math.log(2 * numPairs - 1),
  } as unknown as PretrainMethod;
  return {
    look: createMonitor({ method, embedder, store, clips, labelled, source, batchSize, neighbours, vote, selectBy }),
    reads,
  };
}

/** Each patch asks its nearest patches of other clips, each clip its patches; ties to the lowest class. Clips as given, labels beside. */
function voteByLoop(clips: readonly number[], labels: readonly number[], neighbours: number): number[] {
  const patches = clips.flatMap((clip, i) =>
    gridStarts(store.clips[clip].numFrames, patchFrames, patchHop).map((start) => ({ i, h: embed(patchOf(clip, start)) })),
  );
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, value, k) => sum + value * b[k], 0) / Math.sqrt(a.reduce((s, v) => s + v * v, 0) * b.reduce((s, v) => s + v * v, 0));
  const majority = (votes: number[]) => {
    const counts = [0, 1, 2].map((label) => votes.filter((vote) => vote === label).length);
    return counts.indexOf(Math.max(...counts));
  };
  const votes = patches.map(({ i, h }) => {
    const others = patches.filter((other) => other.i !== i).sort((a, b) => cosine(b.h, h) - cosine(a.h, h));
    return majority(others.slice(0, neighbours).map((other) => labels[other.i]));
  });
  return clips.map((_, i) => majority(votes.filter((_, patch) => patches[patch].i === i)));
}

const calm = { contrastiveLoss: 1, numPairs: 8, step: 100 };

describe('createMonitor', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it.each([1, 3, 5, 200])(
    "votes among the other clips' patches, %i neighbours: micro, macro and what chooses the best",
    async (neighbours) => {
      const clips = [8, 3, 5, 0, 7, 2, 6];
      const labels = [2, 0, 2, 1, 2, 0, 2];
      const classNames = ['a', 'b', 'c'];
      const predicted = voteByLoop(clips, labels, neighbours);
      const recalls = [0, 1, 2].map((label) => {
        const own = labels.flatMap((value, i) => (value === label ? [i] : []));
        return own.filter((i) => predicted[i] === label).length / own.length;
      });
      const { value, values } = await harness({ clips, labelled: { labels, classNames }, neighbours, vote: 'majority' }).look(calm);
      // One clip is the only one of class b: nobody could answer for it.
      const asked = labels.flatMap((label, i) => (label === 1 ? [] : [i]));
      expect(values.knnClipMicroAccuracy).toBeCloseTo(asked.filter((i) => predicted[i] === labels[i]).length / 6, 12);
      expect(values.knnClipMacroAccuracy).toBeCloseTo((recalls[0] + recalls[2]) / 2, 12);
      expect(value).toBe(values.knnClipMacroAccuracy);
    },
  );

  it('without labels knows no accuracy; the best has the highest effective rank, or the lowest loss, a mean over the clips', async () => {
    const { look, reads } = harness({ selectBy: 'validationLoss' });
    const { value, values, collapse, selectedBy } = await look(calm);
    expect(selectedBy).toBe('validationLoss');
    const ranked = await harness({}).look(calm);
    expect(ranked).toMatchObject({ selectedBy: 'effectiveRank', value: ranked.values.effectiveRank });
    const summed = await harness({ selectBy: 'alignmentUniformity' }).look(calm);
    expect(summed.value).toBeCloseTo(-((values.alignment as number) + (values.uniformity as number)), 12);
    expect(Object.keys(values).filter((name) => name.includes('knn'))).toEqual([]);
    expect(values.validationLoss).toBeCloseTo(4, 12);
    expect(value).toBe(-(values.validationLoss as number));
    expect(collapse).toBeUndefined();
    // Nine clips in batches of four: one left over would have no negatives. The views are those of one epoch that is never trained.
    expect(reads).toEqual([
      { clips: [0, 1, 2, 3], epoch: 0 },
      { clips: [4, 5, 6, 7, 8], epoch: 0 },
    ]);
    expect(tf.memory().numTensors).toBe(0);
  });

  it('measures alignment between the views, uniformity and spread of the first ones, over all batches', async () => {
    const { values } = await harness({}).look(calm);
    const unit = ([x, y]: number[]) => [x / Math.hypot(x, y), y / Math.hypot(x, y)];
    const a = Array.from({ length: 9 }, (_, clip) => unit([1 + clip, 1]));
    const b = Array.from({ length: 9 }, (_, clip) => unit([1, 2 + clip]));
    const squared = (p: number[], q: number[]) => (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2;
    expect(values.alignment).toBeCloseTo(a.reduce((sum, row, i) => sum + squared(row, b[i]), 0) / 9, 6);
    const pairs = a.flatMap((row, i) => a.slice(i + 1).map((other) => Math.exp(-2 * squared(row, other))));
    expect(values.uniformity).toBeCloseTo(Math.log(pairs.reduce((sum, value) => sum + value, 0) / pairs.length), 6);
    const variance = [0, 1].map((axis) => {
      const mean = a.reduce((sum, row) => sum + row[axis], 0) / 9;
      return a.reduce((sum, row) => sum + (row[axis] - mean) ** 2, 0) / 9;
    });
    expect(values.relativeSpread).toBeCloseTo(Math.sqrt(variance[0] + variance[1]), 6);
  });

  it('warns of embeddings that are nearly equal, from a spread under 0.03', async () => {
    // Unit rows at plus and minus an angle have the spread sin(angle).
    const rowsAt = (spread: number) => (clip: number) => {
      const row = [Math.sqrt(1 - spread ** 2), clip % 2 === 0 ? spread : -spread];
      return [row, row];
    };
    const look = (spread: number) => harness({ clips: [0, 1, 2, 3], embeddingsOf: rowsAt(spread) }).look(calm);
    expect((await look(0.0299)).collapse).toMatch(/nearly equal \(spread 0\.0299 /);
    expect((await look(0.0301)).collapse).toBeUndefined();
  });

  it('warns of an NT-Xent within 1 % of that of equal projections', async () => {
    const chance = Math.log(2 * 16 - 1);
    const { look } = harness({});
    expect((await look({ contrastiveLoss: 0.991 * chance, numPairs: 16, step: 100 })).collapse).toMatch(/no learning signal/);
    expect((await look({ contrastiveLoss: 0.989 * chance, numPairs: 16, step: 100 })).collapse).toBeUndefined();
  });

  it('gives no verdict before there is evidence', async () => {
    const alike = () => [
      [1, 0],
      [1, 0],
    ];
    const at = async (step: number) => (await harness({ embeddingsOf: alike }).look({ contrastiveLoss: 9, numPairs: 8, step })).collapse;
    for (const step of [1, 4, 49]) expect(await at(step)).toBeUndefined();
    expect(await at(50)).toMatch(/has collapsed/);
  });

  it('looks with statistics that leave out their initial values, and gives them back', async () => {
    const parameters = new Map([
      ['encoder.bn1.running_mean', tf.tidy(() => tf.variable(tf.zeros([2])))],
      ['encoder.bn1.running_var', tf.tidy(() => tf.variable(tf.ones([2])))],
    ]);
    const [mean, variance] = [...parameters.values()];
    // Two steps, two groups each, as batch norm updates them: (1 - 0.1) running + 0.1 batch.
    const batches = [2, 4, 1, 3];
    for (const value of batches) {
      tf.tidy(() => mean.assign(tf.add(tf.mul(mean, 0.9), 0.1 * value)));
      tf.tidy(() => variance.assign(tf.add(tf.mul(variance, 0.9), 0.1 * 10 * value)));
    }
    const before = [...mean.dataSync(), ...variance.dataSync()];
    let seen: number[] = [];
    const lossOf = () => {
      seen = [...mean.dataSync(), ...variance.dataSync()];
      return 1;
    };
    await harness({ parameters, lossOf }).look({ ...calm, step: 2 });
    // Means of the batches that weigh the older ones less.
    const weights = batches.map((_, i) => 0.9 ** (3 - i));
    const expected = batches.reduce((sum, value, i) => sum + weights[i] * value, 0) / weights.reduce((a, b) => a + b);
    expect(seen[0]).toBeCloseTo(expected, 5);
    expect(seen[2]).toBeCloseTo(10 * expected, 4);
    expect([...mean.dataSync(), ...variance.dataSync()]).toEqual(before);
    await harness({ parameters, lossOf }).look({ ...calm, step: 25 });
    expect(seen).toEqual(before);
    tf.dispose([mean, variance]);
    expect(tf.memory().numTensors).toBe(0);
  });

  it('sees two kinds apart where there are few of each, whatever K was asked for', async () => {
    // Clip c has the embedding of its class, c % 2, in every patch: any vote that sees tells them apart.
    const source: PatchSource = {
      ...store,
      readPatches: async (requests) => Float32Array.from(requests.flatMap(({ clip }) => new Array(12).fill(clip))),
    };
    const apart: PatchEmbedder = {
      patchFrames,
      patchHop,
      embedPatches: (patches) =>
        tf.tidy(
          () =>
            tf.concat(
              [tf.mod(tf.slice(tf.reshape(patches, [-1, 12]), [0, 0], [-1, 1]), 2), tf.ones([patches.shape[0], 1])],
              1,
            ) as tf.Tensor2D,
        ),
    };
    const labelled = { labels: [0, 1, 0, 1, 0, 1], classNames: ['a', 'b'] };
    const monitor = createMonitor({
      method: {
        parameters: new Map(),
        evaluate: () => ({ loss: 1, contrastiveLoss: 1, marginLoss: 0, embeddings: new Float32Array(24) }),
        valueAtChance: () => 9,
      } as unknown as PretrainMethod,
      embedder: apart,
      store: source,
      clips: [0, 1, 2, 3, 4, 5],
      labelled,
      source: {
        viewsPerItem: 2,
        read: async () => ({ numPairs: 6, patches: new Float32Array(0), plan: { steps: [] }, clips: [] }),
        toViews: () => tf.zeros([1, 1, 1]),
      },
      batchSize: 6,
      neighbours: 99,
    });
    expect((await monitor(calm)).values).toMatchObject({ knnClipMicroAccuracy: 1, knnClipMacroAccuracy: 1 });
  });

  it('knows no accuracy of one class, nor of classes of one clip each', async () => {
    for (const labels of [
      [0, 0, 0, 0],
      [0, 1, 2, 3],
    ]) {
      const { value, values } = await harness({ clips: [0, 1, 2, 3], labelled: { labels, classNames: ['a', 'b', 'c', 'd'] } }).look(calm);
      expect(values.knnClipMacroAccuracy).toBeUndefined();
      expect(value).toBe(values.effectiveRank);
    }
  });

  it('chooses nothing by a single clip', async () => {
    const { value, values } = await harness({ clips: [4], labelled: { labels: [0], classNames: ['a'] } }).look(calm);
    expect({ value, values }).toEqual({ value: null, values: {} });
  });

  it('chooses nothing, and says so, where the encoder gives no numbers', async () => {
    const labelled = { labels: [0, 1, 0, 1], classNames: ['a', 'b'] };
    for (const broken of [
      { lossOf: () => Number.NaN },
      {
        embeddingsOf: () => [
          [Number.NaN, 1],
          [1, 1],
        ],
      },
    ]) {
      // biome-ignore format: one line
      const { value, collapse } = await harness({ clips: [0, 1, 2, 3], labelled, ...broken }).look(calm);
      expect(value).toBeNull();
      expect(collapse).toMatch(/not finite/);
    }
  });
});
