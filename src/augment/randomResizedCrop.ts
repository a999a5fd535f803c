import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Rng } from '../util/rng.js';
import { applyAxisMatrices, axisMatrices } from './axisMatrices.js';
import type { PatchSize } from './patchSize.js';
import { checkParams } from './perPatch.js';

const range = (low: number, high: number) =>
  z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([a, b]) => a <= b, 'must be [min, max] with min <= max')
    .default([low, high]);

export const randomResizedCropOptions = z.strictObject({
  name: z.literal('randomResizedCrop').describe('Cuts a random rectangle and stretches it back to the size of the patch (bilinear)'),
  areaRange: range(0.8, 1).describe("Area of the rectangle as a share of the patch's, uniform in [min, max]"),
  aspectRange: range(3 / 4, 4 / 3).describe('Mel bands : frames of the rectangle, log-uniform in [min, max]'),
});
export type RandomResizedCropOptions = z.infer<typeof randomResizedCropOptions>;

/** The rectangle that is cut, in whole frames and bands. */
export interface RandomResizedCropParams {
  firstFrame: number;
  numFrames: number;
  firstMel: number;
  numMels: number;
}

const maxTries = 10;

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** torchvision's RandomResizedCrop.get_params with height = time, width = mel: ten tries, then the centre crop. */
export function sampleRandomResizedCrop(
  rng: Rng,
  { areaRange, aspectRange }: Pick<RandomResizedCropOptions, 'areaRange' | 'aspectRange'>,
  { patchFrames, nMels }: PatchSize,
): RandomResizedCropParams {
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const area = rng.uniform(...areaRange) * patchFrames * nMels;
    const aspect = Math.exp(rng.uniform(Math.log(aspectRange[0]), Math.log(aspectRange[1])));
    const numMels = roundHalfToEven(Math.sqrt(area * aspect));
    const numFrames = roundHalfToEven(Math.sqrt(area / aspect));
    if (numMels < 1 || numMels > nMels || numFrames < 1 || numFrames > patchFrames) continue;
    const firstFrame = rng.integer(0, patchFrames - numFrames + 1);
    return { firstFrame, numFrames, firstMel: rng.integer(0, nMels - numMels + 1), numMels };
  }
  const aspect = Math.min(Math.max(nMels / patchFrames, aspectRange[0]), aspectRange[1]);
  const numMels = Math.min(nMels, Math.max(1, roundHalfToEven(patchFrames * aspect)));
  const numFrames = Math.min(patchFrames, Math.max(1, roundHalfToEven(nMels / aspect)));
  return {
    firstFrame: Math.floor((patchFrames - numFrames) / 2),
    numFrames,
    firstMel: Math.floor((nMels - numMels) / 2),
    numMels,
  };
}

/** Row o of a matrix: the two taps of half-pixel bilinear interpolation, `src = (o + 0.5) count / size - 0.5` clamped to the crop. */
function fillInterpolation(matrix: Float32Array, size: number, first: number, count: number): void {
  for (let o = 0; o < size; o++) {
    const source = Math.min(Math.max(((o + 0.5) * count) / size - 0.5, 0), count - 1);
    const low = Math.floor(source);
    const share = source - low;
    matrix[o * size + first + low] = 1 - share;
    if (share > 0) matrix[o * size + first + low + 1] = share;
  }
}

/**
 * Resizes each patch's rectangle to the whole patch. A crop is never larger than its output, so this is Pillow's bilinear
 * (whose filter widens only when it shrinks). `batch` is `[batch, time, mel]`.
 */
export function applyRandomResizedCrop(batch: tf.Tensor3D, params: readonly RandomResizedCropParams[]): tf.Tensor3D {
  checkParams('applyRandomResizedCrop', batch, params);
  const [numPatches, numFrames, nMels] = batch.shape;
  return applyAxisMatrices(batch, {
    time: axisMatrices(numPatches, numFrames, (m, b) => fillInterpolation(m, numFrames, params[b].firstFrame, params[b].numFrames)),
    mel: axisMatrices(numPatches, nMels, (m, b) => fillInterpolation(m, nMels, params[b].firstMel, params[b].numMels)),
  });
}
