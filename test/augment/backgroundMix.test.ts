import { beforeAll, describe, expect, it } from 'vitest';
import { applyBackgroundMix, sampleBackgroundMix } from '../../src/augment/backgroundMix.js';
import { viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, randomPatches, toTensor } from './patches.js';

describe.each(availableBackends)('backgroundMix on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it.each([10, Math.E])('adds the energies at the ratio asked for and keeps their sum (base %f)', async (base) => {
    const [patches, backgrounds] = [randomPatches(4, 7, 6, 1), randomPatches(4, 7, 6, 2)];
    const snrs = [-10, 0, 6, 30];
    const energy = (values: number[][]) => values.flat().reduce((sum, value) => sum + base ** value, 0);
    const expected = patches.flatMap((patch, i) => {
      const share = 10 ** (-snrs[i] / 10); // energy of the background by that of the patch
      const gain = (share * energy(patch)) / energy(backgrounds[i]);
      return patch.flatMap((frame, t) =>
        frame.map((value, m) => Math.log((base ** value + gain * base ** backgrounds[i][t][m]) / (1 + share)) / Math.log(base)),
      );
    });
    const tensor = toTensor(backgrounds);
    const params = snrs.map((snr) => ({ snr }));
    const out = await applied(patches, (batch) => applyBackgroundMix(batch, params, { backgrounds: tensor, logBase: base }));
    // float32 logarithms of sums of powers
    expect(out).toBeAllClose(expected, { atol: 1e-5 });
    tensor.dispose();
  });

  it('needs patches of the other set', async () => {
    await expect(applied(randomPatches(1, 2, 2, 1), (batch) => applyBackgroundMix(batch, [{ snr: 3 }], {}))).rejects.toThrow(
      'applyBackgroundMix: needs a patch of the other set for each patch, got none',
    );
  });
});

describe('the options of backgroundMix', () => {
  it('draws every ratio between the two, and says what does not go', () => {
    const drawn = Array.from(
      { length: 2000 },
      (_, clip) => sampleBackgroundMix(new Rng({ seed: 1, clip, purpose: 'test' }), { minSnr: -3, maxSnr: 9 }).snr,
    );
    const inTenths = Array.from({ length: 10 }, (_, i) => drawn.filter((snr) => Math.floor((snr + 3) / 1.2) === i).length);
    expect(inTenths.reduce((sum, count) => sum + count, 0)).toBe(2000);
    // 200 expected in each, with a deviation of 13.4: five of them.
    for (const count of inTenths) expect(Math.abs(count - 200)).toBeLessThan(67);

    const mix = { name: 'backgroundMix', from: 'store' };
    expect(viewsOptions.parse([{ name: 'mixBack' }, mix])[1]).toEqual({ ...mix, minSnr: 5, maxSnr: 30 });
    for (const [bad, told] of [
      [[{ ...mix, minSnr: 10, maxSnr: 9 }], 'must be at least minSnr'],
      [[{ name: 'backgroundMix' }], 'from'],
      [[{ name: 'compander' }, mix], 'backgroundMix works on raw patches'],
      [[mix, mix], 'backgroundMix works on raw patches'],
    ] as const) {
      const result = viewsOptions.safeParse(bad);
      expect(result.success).toBe(false);
      expect(JSON.stringify(result.error?.issues)).toContain(told);
    }
  });
});
