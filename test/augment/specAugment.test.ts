import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applySpecAugment, type Mask, type SpecAugmentFill, sampleSpecAugment } from '../../src/augment/specAugment.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { gaussianNoise } from '../../src/ops/gaussianNoise.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, looped, type Patch, randomPatches } from './patches.js';

const options = { maskMels: 20, numMelMasks: 2, maskFrames: 20, numFrameMasks: 2 };

/** Mask by mask, each filled from the patch as masked so far. */
function masked(patch: Patch, masks: Mask[], fill: SpecAugmentFill): Patch {
  const out = patch.map((frame) => [...frame]);
  const [numFrames, nMels] = [patch.length, patch[0].length];
  for (const { axis, first, width, key } of masks) {
    const values = out.flat();
    const mean = values.reduce((a, b) => a + b) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    const unit = tf.tidy(() => gaussianNoise<tf.Rank.R3>(Uint32Array.from(key), [1], [1, numFrames, nMels]).dataSync());
    const value = { min: Math.min(...values), max: Math.max(...values), zero: 0, mean, noise: Number.NaN }[fill];
    for (let t = 0; t < numFrames; t++) {
      for (let m = 0; m < nMels; m++) {
        const position = axis === 'time' ? t : m;
        if (position < first || position >= first + width) continue;
        out[t][m] = fill === 'noise' ? mean + deviation * unit[t * nMels + m] : value;
      }
    }
  }
  return out;
}

describe.each(availableBackends)('specAugment on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each(['min', 'mean', 'zero', 'max', 'noise'] as const)('with fill %s is the plain loop, mask by mask', async (fill) => {
    const patches = randomPatches(5, 40, 36);
    const rng = new Rng({ seed: 4, purpose: 'test' });
    const params = patches.map(() => sampleSpecAugment(rng, options, { patchFrames: 40, nMels: 36 }));
    const out = await applied(patches, (batch) => applySpecAugment(batch, params, { fill }));
    const expected = looped(patches, params, (patch, { masks }) => masked(patch, masks, fill));
    // wasm adds the 1440 values of a mean one after the other in float32.
    expect(out).toBeAllClose(expected, { atol: 5e-5 });
  });

  it('keeps unmasked bins exactly and can do without masks', async () => {
    const patches = randomPatches(2, 8, 6);
    for (const fill of ['min', 'mean'] as const) {
      const out = await applied(patches, (batch) => applySpecAugment(batch, [{ masks: [] }, { masks: [] }], { fill }));
      expect(Array.from(out)).toEqual(patches.flat(2));
    }
  });
});

describe('what specAugment draws', () => {
  it('is two mel masks and two time masks of width 0 .. 19 anywhere in the patch', () => {
    const rng = new Rng({ seed: 6, purpose: 'test' });
    const seen = { mel: new Set<number>(), time: new Set<number>() };
    const ends = { mel: 0, time: 0 };
    for (let i = 0; i < 4000; i++) {
      const { masks } = sampleSpecAugment(rng, options, { patchFrames: 101, nMels: 96 });
      expect(masks.map(({ axis }) => axis)).toEqual(['mel', 'mel', 'time', 'time']);
      for (const { axis, first, width } of masks) {
        seen[axis].add(width);
        ends[axis] = Math.max(ends[axis], first + width);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(first + width).toBeLessThanOrEqual(axis === 'mel' ? 96 : 101);
      }
    }
    for (const widths of [seen.mel, seen.time]) expect([...widths].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(ends).toEqual({ mel: 96, time: 101 });
  });

  it('fits masks into patches smaller than the limit', () => {
    const rng = new Rng({ seed: 7, purpose: 'test' });
    for (let i = 0; i < 300; i++) {
      for (const { axis, first, width } of sampleSpecAugment(rng, options, { patchFrames: 5, nMels: 3 }).masks) {
        expect(first + width).toBeLessThanOrEqual(axis === 'mel' ? 3 : 5);
      }
    }
  });
});
