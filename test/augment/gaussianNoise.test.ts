import { beforeAll, describe, expect, it } from 'vitest';
import { applyGaussianNoise, sampleGaussianNoise } from '../../src/augment/gaussianNoise.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { fillNormals } from '../../src/ops/fillNormals.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, looped, randomPatches } from './patches.js';

describe.each(availableBackends)('gaussianNoise of patches on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('adds to each bin its normal times the standard deviation of the patch', async () => {
    const patches = randomPatches(3, 9, 7);
    const rng = new Rng({ seed: 1, purpose: 'test' });
    const params = patches.map(() => sampleGaussianNoise(rng, { maxStandardDeviation: 2 }));
    const expected = looped(patches, params, (patch, { standardDeviation, key }) => {
      const normals = new Float32Array(9 * 7);
      fillNormals(normals, key[0], key[1], 1);
      return patch.map((frame, t) => frame.map((value, m) => value + standardDeviation * normals[t * 7 + m]));
    });
    expect(await applied(patches, (batch) => applyGaussianNoise(batch, params))).toBeAllClose(expected, { atol: 5e-6 });
  });
});

it('draws standard deviations below the limit, and another key each time', () => {
  const rng = new Rng({ seed: 2, purpose: 'test' });
  const drawn = Array.from({ length: 3000 }, () => sampleGaussianNoise(rng, { maxStandardDeviation: 0.01 }));
  const deviations = drawn.map(({ standardDeviation }) => standardDeviation);
  expect(Math.min(...deviations)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...deviations)).toBeLessThan(0.01);
  // Five standard errors: 0.01 / sqrt(12 * 3000) * 5.
  expect(Math.abs(deviations.reduce((a, b) => a + b) / 3000 - 0.005)).toBeLessThan(2.7e-4);
  expect(new Set(drawn.map(({ key }) => key.join())).size).toBe(3000);
});
