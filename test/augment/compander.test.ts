import { beforeAll, describe, expect, it } from 'vitest';
import { applyCompander, sampleCompander } from '../../src/augment/compander.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, looped, randomPatches } from './patches.js';

describe.each(availableBackends)('compander on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it('multiplies the log values of each patch by its own exponent', async () => {
    const patches = randomPatches(3, 6, 5);
    const params = [0.75, 1, 1.3].map((exponent) => ({ exponent }));
    const expected = looped(patches, params, (patch, { exponent }) => patch.map((frame) => frame.map((value) => exponent * value)));
    expect(await applied(patches, (batch) => applyCompander(batch, params))).toBeAllClose(expected, { rtol: 1e-6 });
  });
});

it.each([
  [0.75, 0.75, 1],
  [1.5, 1, 1.5],
  [1, 1, 1],
])('draws between the limit %d and 1', (exponentLimit, low, high) => {
  const rng = new Rng({ seed: 2, purpose: 'test' });
  const drawn = Array.from({ length: 3000 }, () => sampleCompander(rng, { exponentLimit }).exponent);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(low);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(high);
  // Five standard errors of a uniform mean.
  expect(Math.abs(drawn.reduce((a, b) => a + b) / 3000 - (low + high) / 2)).toBeLessThanOrEqual(
    (5 * (high - low)) / Math.sqrt(12 * 3000) + 1e-9,
  );
});
