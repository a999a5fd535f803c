import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Rng } from '../util/rng.js';
import { applyAxisMatrices, axisMatrices } from './axisMatrices.js';
import { checkParams } from './perPatch.js';

const maxKernel = z.int().min(1).default(5);

export const gaussianBlurOptions = z.strictObject({
  name: z.literal('gaussianBlur').describe('Separable Gaussian blur with a random kernel size for each axis'),
  maxKernelFrames: maxKernel.describe('Largest kernel in time; the size is odd and uniform in 1, 3 .. maxKernelFrames'),
  maxKernelMels: maxKernel.describe('Largest kernel in mel bands; the size is odd and uniform in 1, 3 .. maxKernelMels'),
});
export type GaussianBlurOptions = z.infer<typeof gaussianBlurOptions>;

/** Kernel sizes, odd; 1 leaves the axis alone. */
export interface GaussianBlurParams {
  kernelFrames: number;
  kernelMels: number;
}

const oddUpTo = (rng: Rng, limit: number): number => 2 * rng.integer(0, Math.floor((limit + 1) / 2)) + 1;

export function sampleGaussianBlur(
  rng: Rng,
  { maxKernelFrames, maxKernelMels }: Pick<GaussianBlurOptions, 'maxKernelFrames' | 'maxKernelMels'>,
): GaussianBlurParams {
  return { kernelFrames: oddUpTo(rng, maxKernelFrames), kernelMels: oddUpTo(rng, maxKernelMels) };
}

/** Normalised taps of an odd kernel; sigma = 0.3 ((k - 1) / 2 - 1) + 0.8, OpenCV's rule. */
export function gaussianKernel(size: number): Float64Array {
  const sigma = 0.3 * ((size - 1) / 2 - 1) + 0.8;
  const taps = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma * sigma)));
  const sum = taps.reduce((a, b) => a + b);
  return taps.map((tap) => tap / sum);
}

/** Reflect-101: -1 -> 1, size -> size - 2 (the edge is not repeated), as often as needed. */
function reflect(position: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const inPeriod = ((position % period) + period) % period;
  return inPeriod < size ? inPeriod : period - inPeriod;
}

function fillBlur(matrix: Float32Array, size: number, kernelSize: number): void {
  const taps = gaussianKernel(kernelSize);
  const half = (kernelSize - 1) / 2;
  for (let o = 0; o < size; o++) for (let k = 0; k < kernelSize; k++) matrix[o * size + reflect(o + k - half, size)] += taps[k];
}

/** Blurs each patch by its own kernels as two products with band matrices, border reflect-101; `batch` is `[batch, time, mel]`. */
export function applyGaussianBlur(batch: tf.Tensor3D, params: readonly GaussianBlurParams[]): tf.Tensor3D {
  checkParams('applyGaussianBlur', batch, params);
  const [numPatches, numFrames, nMels] = batch.shape;
  return applyAxisMatrices(batch, {
    time: axisMatrices(numPatches, numFrames, (matrix, b) => fillBlur(matrix, numFrames, params[b].kernelFrames)),
    mel: axisMatrices(numPatches, nMels, (matrix, b) => fillBlur(matrix, nMels, params[b].kernelMels)),
  });
}
