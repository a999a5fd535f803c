import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyMixBack, sampleMixBack } from '../../src/augment/mixBack.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, type Patch, randomPatches, toTensor } from './patches.js';

function mixed(patch: Patch, background: Patch, weight: number, base = 10): Patch {
  const energy = (p: Patch) => p.flat().reduce((sum, value) => sum + base ** value, 0);
  const ratio = energy(patch) / energy(background);
  return patch.map((frame, t) =>
    frame.map((value, m) => Math.log((1 - weight) * base ** value + weight * ratio * base ** background[t][m]) / Math.log(base)),
  );
}

async function mix(patches: Patch[], backgrounds: Patch[], weights: number[], logBase?: number): Promise<Float32Array> {
  const tensor = toTensor(backgrounds);
  const params = weights.map((weight) => ({ weight }));
  const out = await applied(patches, (batch) => applyMixBack(batch, params, { backgrounds: tensor, logBase }));
  tensor.dispose();
  return out;
}

describe.each(availableBackends)('mixBack on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('gives the golden values', async () => {
    const out = await mix([[[-1, -2], [0.5, -3]]], [[[1, 0], [-1, 2]]], [0.04]); // biome-ignore format: matrices
    // float32 logarithms of values near 1 in magnitude
    expect(out).toBeAllClose([-0.967441762, -1.967441762, 0.482288092, -0.925147806], { atol: 2e-6 });
  });

  it('is the plain loop for every patch, with its own weight', async () => {
    const patches = randomPatches(5, 9, 8, 1);
    const backgrounds = randomPatches(5, 9, 8, 2);
    const weights = [0, 0.01, 0.05, 0.5, 1];
    const expected = patches.flatMap((patch, i) => mixed(patch, backgrounds[i], weights[i]).flat());
    expect(await mix(patches, backgrounds, weights)).toBeAllClose(expected, { atol: 5e-6 });
  });

  it('takes other logarithms: natural, and decibels', async () => {
    const patches = randomPatches(2, 5, 4, 3);
    const backgrounds = randomPatches(2, 5, 4, 4);
    for (const base of [Math.E, 10 ** 0.1]) {
      const expected = patches.flatMap((patch, i) => mixed(patch, backgrounds[i], 0.1, base).flat());
      expect(await mix(patches, backgrounds, [0.1, 0.1], base)).toBeAllClose(expected, { atol: 2e-5 });
    }
  });

  it('keeps the energy of the patch and does not depend on the level of the background', async () => {
    const patches = randomPatches(1, 6, 6, 5);
    const backgrounds = randomPatches(1, 6, 6, 6);
    const out = await mix(patches, backgrounds, [0.3]);
    const energy = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + 10 ** value, 0);
    expect(energy(out) / energy(patches[0].flat())).toBeCloseTo(1, 5);
    const louder = backgrounds.map((patch) => patch.map((frame) => frame.map((value) => value + 3)));
    expect(await mix(patches, louder, [0.3])).toBeAllClose(out, { atol: 5e-6 });
  });

  it('stays finite where powers overflow or underflow float32', async () => {
    const loud = [[[60, 59], [58, 60]]]; // biome-ignore format: matrices
    const quiet = [[[-60, -61], [-60, -62]]]; // biome-ignore format: matrices
    expect(await mix(loud, quiet, [0.05])).toBeAllClose(mixed(loud[0], quiet[0], 0.05).flat(), { atol: 2e-5 });
  });

  it('refuses to work without backgrounds, or with another shape', () => {
    const patches = toTensor(randomPatches(2, 3, 3));
    const params = [{ weight: 0.1 }, { weight: 0.1 }];
    expect(() => applyMixBack(patches, params, {})).toThrow('applyMixBack: needs a background patch for each patch');
    const backgrounds = tf.zeros<tf.Rank.R3>([2, 3, 4]);
    expect(() => applyMixBack(patches, params, { backgrounds })).toThrow('backgrounds must have the shape of the patches');
    tf.dispose([patches, backgrounds]);
  });
});

it('draws weights uniformly below maxWeight', () => {
  const rng = new Rng({ seed: 1, purpose: 'test' });
  const weights = Array.from({ length: 4000 }, () => sampleMixBack(rng, { maxWeight: 0.05 }).weight);
  expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...weights)).toBeLessThan(0.05);
  // Standard error of the mean: 0.05 / sqrt(12 * 4000) = 2.3e-4; five of them.
  expect(Math.abs(weights.reduce((a, b) => a + b) / 4000 - 0.025)).toBeLessThan(1.2e-3);
});
