import { beforeAll, describe, expect, it } from 'vitest';
import { viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { createPairSource } from '../../src/train/pairSource.js';
import { toneStore } from './toneStore.js';

const patchFrames = 32;
const standardisation = { mean: [-2], standardDeviation: [0.5] };

describe('createPairSource', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  it('gives a clip the same views in whatever batch it stands, and others in another epoch or with another seed', async () => {
    const store = await toneStore();
    const pool = store.clips.map((_, i) => i);
    const make = (seed: number) =>
      createPairSource({ store, pool, views: viewsOptions.parse(undefined), standardisation, patchFrames, seed });
    const viewsOf = async (clip: number, batch: number[], epoch: number, seed = 3) => {
      const source = make(seed);
      const views = source.toViews(await source.read(batch, epoch));
      const size = patchFrames * store.nMels;
      const values = views.dataSync<'float32'>();
      views.dispose();
      const place = batch.indexOf(clip);
      return [place, batch.length + place].map((row) => values.slice(row * size, (row + 1) * size));
    };
    const [a, b] = await viewsOf(5, [5, 1, 9], 2);
    const [again, bAgain] = await viewsOf(5, [0, 2, 4, 5, 7], 2);
    // The same numbers up to the order of summation of a batched op.
    expect(again).toBeAllClose(a, { atol: 1e-4 });
    expect(bAgain).toBeAllClose(b, { atol: 1e-4 });
    const distance = (x: Float32Array, y: Float32Array) => Math.max(...x.map((value, i) => Math.abs(value - y[i])));
    expect(distance(a, b)).toBeGreaterThan(0.01);
    expect(distance(a, (await viewsOf(5, [5, 1, 9], 3))[0])).toBeGreaterThan(0.01);
    expect(distance(a, (await viewsOf(5, [5, 1, 9], 2, 4))[0])).toBeGreaterThan(0.01);
    await store.close();
  });

  it('without augmentations gives standardised patches of the clips asked for, first views before second ones', async () => {
    const store = await toneStore();
    const pool = store.clips.map((_, i) => i);
    const source = createPairSource({ store, pool, views: [], standardisation, patchFrames, seed: 1 });
    const batch = await source.read([3, 11], 1);
    const views = source.toViews(batch);
    expect(views.shape).toEqual([4, patchFrames, store.nMels]);
    expect(views.dataSync()).toBeAllClose(
      batch.patches.map((value) => (value + 2) / 0.5),
      { rtol: 1e-6, atol: 1e-6 },
    );
    views.dispose();
    const size = patchFrames * store.nMels;
    for (const [row, clip] of [3, 11, 3, 11].entries()) {
      const patch = batch.patches.subarray(row * size, (row + 1) * size);
      const starts = Array.from({ length: store.clips[clip].numFrames - patchFrames + 1 }, (_, start) => ({ clip, start }));
      const all = await store.readPatches(starts, patchFrames);
      const isThere = starts.some((_, i) => all.subarray(i * size, (i + 1) * size).every((value, j) => value === patch[j]));
      expect(isThere, `row ${row} is a patch of clip ${clip}`).toBe(true);
    }
    await store.close();
  });
});
