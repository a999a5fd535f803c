import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { createLabelledSource, labelledItems } from '../../src/train/labelledSource.js';

const nMels = 4;
const patchFrames = 10;
/** A store whose value of (clip, frame, band) is 1000 clip + frame + band / 10. */
const store = {
  nMels,
  clips: [10, 31, 25, 60].map((numFrames) => ({ numFrames })),
  async readPatches(requests: readonly { clip: number; start: number }[], frames: number) {
    return Float32Array.from(
      requests.flatMap(({ clip, start }) =>
        Array.from({ length: frames * nMels }, (_, i) => 1000 * clip + start + Math.floor(i / nMels) + (i % nMels) / 10),
      ),
    );
  },
} as unknown as Parameters<typeof labelledItems>[0]['store'] & Parameters<typeof createLabelledSource>[0]['store'];

const standardisation = { mean: [1, 2, 3, 4], standardDeviation: [2, 1, 4, 1] };
const itemsOf = (patches: 'random' | 'grid') =>
  labelledItems({ store, clips: [0, 1, 3], labels: [7, 8, 9], patches, patchFrames, patchHop: 20 });
const sourceOf = (views: object[] = [], pool = [0, 1, 2, 3], seed = 1) =>
  createLabelledSource({ store, pool, views: viewsOptions.parse(views), standardisation, patchFrames, seed });

describe('labelledItems', () => {
  it('are the clips, or every patch of their grids, the last possible one included', () => {
    expect(itemsOf('random')).toEqual([
      { clip: 0, label: 7 },
      { clip: 1, label: 8 },
      { clip: 3, label: 9 },
    ]);
    expect(itemsOf('grid').map(({ clip, label, grid }) => [clip, label, grid?.index, grid?.start])).toEqual([
      [0, 7, 0, 0],
      [1, 8, 0, 0],
      [1, 8, 1, 20],
      [1, 8, 2, 21],
      [3, 9, 0, 0],
      [3, 9, 1, 20],
      [3, 9, 2, 40],
      [3, 9, 3, 50],
    ]);
  });
});

describe('createLabelledSource', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it('reads grid patches as they are, with their labels, and standardises each band', async () => {
    const source = sourceOf();
    const items = itemsOf('grid');
    const batch = await source.read(items, 3);
    expect([...batch.labels]).toEqual([7, 8, 8, 8, 9, 9, 9, 9]);
    expect(items.map((_, i) => batch.patches[i * patchFrames * nMels])).toEqual([0, 1000, 1020, 1021, 3000, 3020, 3040, 3050]);
    const views = source.toViews(batch);
    expect(views.shape).toEqual([8, patchFrames, nMels]);
    expect(views.dataSync().slice(0, 4)).toBeAllClose([-0.5, -1.9, -0.7, -3.7], { rtol: 1e-6 });
    views.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  it('draws random patches by epoch, clip and seed, whatever the batch', async () => {
    const starts = async (items: ReturnType<typeof itemsOf>, epoch: number, seed = 1) => {
      const { patches } = await sourceOf([], [], seed).read(items, epoch);
      return items.map(({ clip }, i) => patches[i * patchFrames * nMels] - 1000 * clip);
    };
    const items = itemsOf('random');
    const first = await starts(items, 1);
    expect(first[0]).toBe(0);
    expect(await starts([items[2], items[1]], 1)).toEqual([first[2], first[1]]);
    expect(await starts(items, 2)).not.toEqual(first);
    expect(await starts(items, 1, 2)).not.toEqual(first);
    const many = await Promise.all(Array.from({ length: 400 }, (_, epoch) => starts([items[1]], epoch)));
    // 22 possible starts, the last one included; 400 draws miss one of them in 1 of 10,000,000 seeds.
    expect([...new Set(many.flat())].sort((a, b) => a - b)).toEqual(Array.from({ length: 22 }, (_, i) => i));
  });

  it('augments each patch of a clip with numbers of its own, mixes back another clip, the same in every batch', async () => {
    const source = sourceOf([{ name: 'mixBack', maxWeight: 0.5, logBase: 10 }, { name: 'gaussianNoise' }, { name: 'timeShift' }]);
    const items = itemsOf('grid');
    const all = await source.read(items, 1);
    const size = patchFrames * nMels;
    const background = (i: number) => Math.floor(all.backgrounds![i * size] / 1000);
    for (const [i, { clip }] of items.entries()) expect(background(i)).not.toBe(clip);
    const noise = all.plan.steps.find(({ name }) => name === 'gaussianNoise')!.params.map((params) => JSON.stringify(params));
    expect(new Set(noise).size).toBe(items.length);
    const part = await source.read([items[6], items[2]], 1);
    for (const [i, step] of part.plan.steps.entries()) expect(step.params).toEqual([6, 2].map((item) => all.plan.steps[i].params[item]));
    const views = [all, part].map((batch) => source.toViews(batch));
    expect(views[1].dataSync().slice(0, size)).toEqual(views[0].dataSync().slice(6 * size, 7 * size));
    tf.dispose(views);
  });
});
