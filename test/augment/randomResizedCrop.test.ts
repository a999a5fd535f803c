import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyRandomResizedCrop, type RandomResizedCropParams, sampleRandomResizedCrop } from '../../src/augment/randomResizedCrop.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, looped, type Patch, randomPatches } from './patches.js';

/** Half-pixel bilinear with clamped edges, pixel by pixel. */
function cropped(patch: Patch, { firstFrame, numFrames, firstMel, numMels }: RandomResizedCropParams): Patch {
  const source = (o: number, count: number, size: number) => Math.min(Math.max(((o + 0.5) * count) / size - 0.5, 0), count - 1);
  return patch.map((frame, t) =>
    frame.map((_, m) => {
      const y = source(t, numFrames, patch.length);
      const x = source(m, numMels, frame.length);
      const [y0, x0] = [Math.floor(y), Math.floor(x)];
      const [y1, x1] = [Math.min(y0 + 1, numFrames - 1), Math.min(x0 + 1, numMels - 1)];
      const at = (row: number, column: number) => patch[firstFrame + row][firstMel + column];
      const above = at(y0, x0) + (x - x0) * (at(y0, x1) - at(y0, x0));
      const below = at(y1, x0) + (x - x0) * (at(y1, x1) - at(y1, x0));
      return above + (y - y0) * (below - above);
    }),
  );
}

interface Golden {
  results: { params: RandomResizedCropParams; every37th: number[] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('../golden/augment/randomResizedCrop.json', import.meta.url), 'utf8'));

/** The patch of the golden values' recipe. */
const goldenPatch: Patch = Array.from({ length: 101 }, (_, t) =>
  Array.from({ length: 96 }, (_, m) => Math.sin(0.37 * t) * Math.cos(0.21 * m) * 3 - 1 + 0.001 * ((((t * 96 + m) * 7919) % 1000) - 500)),
);

describe.each(availableBackends)('randomResizedCrop on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it("equals Pillow's bilinear resize", async () => {
    const patches = golden.results.map(() => goldenPatch);
    const params = golden.results.map((result) => result.params);
    const out = await applied(patches, (batch) => applyRandomResizedCrop(batch, params));
    const kept = golden.results.flatMap((_, i) => Array.from(out.subarray(i * 9696, (i + 1) * 9696)).filter((_, k) => k % 37 === 0));
    // Pillow and we interpolate in float32, in another order; the golden values are rounded to 1e-6.
    expect(kept).toBeAllClose(
      golden.results.flatMap((result) => result.every37th),
      { atol: 3e-6 },
    );
  });

  it('is the plain loop for random crops of any patch size', async () => {
    const rng = new Rng({ seed: 5, purpose: 'test' });
    for (const [numFrames, nMels] of [
      [101, 96],
      [12, 20],
      [30, 5],
    ]) {
      const patches = randomPatches(4, numFrames, nMels, numFrames);
      const options = { areaRange: [0.3, 1] as [number, number], aspectRange: [0.2, 4] as [number, number] };
      const params = patches.map(() => sampleRandomResizedCrop(rng, options, { patchFrames: numFrames, nMels }));
      const out = await applied(patches, (batch) => applyRandomResizedCrop(batch, params));
      expect(out).toBeAllClose(looped(patches, params, cropped), { atol: 5e-6 });
    }
  });

  it('leaves a patch alone, exactly, where the whole of it is cut', async () => {
    const patches = randomPatches(2, 101, 96);
    const whole = { firstFrame: 0, numFrames: 101, firstMel: 0, numMels: 96 };
    const out = await applied(patches, (batch) => applyRandomResizedCrop(batch, [whole, whole]));
    expect(Array.from(out)).toEqual(patches.flat(2));
  });
});

describe('what randomResizedCrop draws', () => {
  const size = { patchFrames: 101, nMels: 96 };
  const released = { areaRange: [0.8, 1] as [number, number], aspectRange: [3 / 4, 4 / 3] as [number, number] };

  it('has the statistics of torchvision: acceptance 41 %, fallback 0.5 %, mean kept area 0.868', () => {
    const n = 40_000;
    let numFirst = 0;
    let numWhole = 0;
    let area = 0;
    for (let clip = 0; clip < n; clip++) {
      const rng = new Rng({ seed: 1, clip, purpose: 'test' });
      let words = 0;
      const counted = Object.assign(Object.create(rng), {
        uniform: (low: number, high: number) => {
          words++;
          return rng.uniform(low, high);
        },
      });
      const { numFrames, numMels } = sampleRandomResizedCrop(counted, released, size);
      if (words === 2) numFirst++; // two uniform numbers a try
      if (words === 20 && numFrames === 101 && numMels === 96) numWhole++;
      area += (numFrames * numMels) / 9696;
    }
    expect(Math.abs(numFirst / n - 0.41)).toBeLessThan(0.01); // published with two digits
    expect(Math.abs(numWhole / n - 0.005)).toBeLessThan(0.0015);
    expect(Math.abs(area / n - 0.868)).toBeLessThan(0.002);
  });

  it.each([
    [40, 10, [3 / 4, 4 / 3], { firstFrame: 13, numFrames: 13, firstMel: 0, numMels: 10 }],
    [10, 40, [3 / 4, 4 / 3], { firstFrame: 0, numFrames: 10, firstMel: 13, numMels: 13 }],
    [40, 2, [0.8, 1], { firstFrame: 19, numFrames: 2, firstMel: 0, numMels: 2 }], // 2.5 goes to the even 2
  ] as const)(
    'of a patch %i x %i in which no rectangle fits it cuts the centre, as torchvision',
    (patchFrames, nMels, [a, b], expected) => {
      const rng = new Rng({ seed: 1, purpose: 'test' });
      expect(sampleRandomResizedCrop(rng, { areaRange: [1, 1], aspectRange: [a, b] }, { patchFrames, nMels })).toEqual(expected);
    },
  );

  it('lies inside the patch, whatever the ranges', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 130 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        fc.integer({ min: 0, max: 1e6 }),
        (patchFrames, nMels, area, aspect, seed) => {
          const rng = new Rng({ seed, purpose: 'test' });
          const options = { areaRange: [area, 1] as [number, number], aspectRange: [aspect, aspect * 1.5] as [number, number] };
          const crop = sampleRandomResizedCrop(rng, options, { patchFrames, nMels });
          expect(crop.numFrames).toBeGreaterThanOrEqual(1);
          expect(crop.numMels).toBeGreaterThanOrEqual(1);
          expect(crop.firstFrame).toBeGreaterThanOrEqual(0);
          expect(crop.firstMel).toBeGreaterThanOrEqual(0);
          expect(crop.firstFrame + crop.numFrames).toBeLessThanOrEqual(patchFrames);
          expect(crop.firstMel + crop.numMels).toBeLessThanOrEqual(nMels);
        },
      ),
      { numRuns: 500 },
    );
  });
});
