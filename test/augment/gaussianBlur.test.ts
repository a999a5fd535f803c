import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyGaussianBlur, type GaussianBlurParams, gaussianKernel, sampleGaussianBlur } from '../../src/augment/gaussianBlur.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, looped, type Patch, randomPatches } from './patches.js';

interface Golden {
  results: { params: GaussianBlurParams; values: number[] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('../golden/augment/gaussianBlur.json', import.meta.url), 'utf8'));
const goldenPatch: Patch = Array.from({ length: 9 }, (_, t) =>
  Array.from({ length: 7 }, (_, m) => ((((t * 7 + m) * 7919) % 1000) - 500) / 100),
);

/** Two-dimensional, tap by tap, positions outside mirrored about the edge sample. */
function blurred(patch: Patch, { kernelFrames, kernelMels }: GaussianBlurParams): Patch {
  const sigma = (k: number) => 0.3 * ((k - 1) / 2 - 1) + 0.8;
  const mirror = (i: number, size: number) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  return patch.map((frame, t) =>
    frame.map((_, m) => {
      let sum = 0;
      let weights = 0;
      for (let i = -(kernelFrames - 1) / 2; i <= (kernelFrames - 1) / 2; i++) {
        for (let j = -(kernelMels - 1) / 2; j <= (kernelMels - 1) / 2; j++) {
          const weight = Math.exp(-(i * i) / (2 * sigma(kernelFrames) ** 2) - (j * j) / (2 * sigma(kernelMels) ** 2));
          sum += weight * patch[mirror(t + i, patch.length)][mirror(m + j, frame.length)];
          weights += weight;
        }
      }
      return sum / weights;
    }),
  );
}

describe.each(availableBackends)('gaussianBlur on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  it("equals torchvision's for every pair of kernel sizes", async () => {
    const params = golden.results.map((result) => result.params);
    const patches = params.map(() => goldenPatch);
    const out = await applied(patches, (batch) => applyGaussianBlur(batch, params));
    expect(out).toBeAllClose(
      golden.results.flatMap(({ values }) => values),
      { atol: 3e-6 },
    );
  });

  it('is the plain loop', async () => {
    const patches = randomPatches(4, 15, 12);
    const params = [1, 3, 5, 5].map((kernelFrames, i) => ({ kernelFrames, kernelMels: [5, 1, 3, 5][i] }));
    const out = await applied(patches, (batch) => applyGaussianBlur(batch, params));
    expect(out).toBeAllClose(looped(patches, params, blurred), { atol: 5e-6 });
  });

  it('mirrors as often as needed in patches shorter than the kernel', async () => {
    const out = await applied([[[1], [3]]], (batch) => applyGaussianBlur(batch, [{ kernelFrames: 5, kernelMels: 5 }]));
    const [a, b, c] = gaussianKernel(5);
    // Positions -2 .. 2 around frame 0 of [1, 3] read 1 3 1 3 1.
    expect(out).toBeAllClose([2 * a + c + 2 * b * 3, 3 * (2 * a + c) + 2 * b], { atol: 1e-6 });
  });
});

it('draws odd kernels up to the limit, each axis its own', () => {
  const rng = new Rng({ seed: 8, purpose: 'test' });
  const drawn = Array.from({ length: 500 }, () => sampleGaussianBlur(rng, { maxKernelFrames: 5, maxKernelMels: 4 }));
  expect(new Set(drawn.map(({ kernelFrames }) => kernelFrames))).toEqual(new Set([1, 3, 5]));
  expect(new Set(drawn.map(({ kernelMels }) => kernelMels))).toEqual(new Set([1, 3]));
  expect(new Set(drawn.map(({ kernelFrames, kernelMels }) => `${kernelFrames} ${kernelMels}`)).size).toBe(6);
});
