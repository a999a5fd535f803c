import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { gaussianNoise } from '../ops/gaussianNoise.js';
import type { Rng } from '../util/rng.js';
import type { PatchSize } from './patchSize.js';
import { checkParams } from './perPatch.js';

const fills = ['min', 'mean', 'zero', 'max', 'noise'] as const;
export type SpecAugmentFill = (typeof fills)[number];

export const specAugmentOptions = z.strictObject({
  name: z.literal('specAugment').describe('Masks bands of mel and of time (Park et al. 2019, without time warping)'),
  maskMels: z.int().min(1).default(20).describe('Width of a mel mask = 0 .. maskMels - 1 bands, uniform'),
  numMelMasks: z.int().min(0).default(2).describe('Mel masks a patch'),
  maskFrames: z.int().min(1).default(20).describe('Width of a time mask = 0 .. maskFrames - 1 frames, uniform'),
  numFrameMasks: z.int().min(0).default(2).describe('Time masks a patch'),
  fill: z
    .enum(fills)
    .default('min')
    .describe('What a mask writes: min, mean or max of the patch as masked so far, zero, or noise with its mean and standard deviation'),
});
export type SpecAugmentOptions = z.infer<typeof specAugmentOptions>;

/** One masked band: positions `first .. first + width - 1`. */
export interface Mask {
  axis: 'mel' | 'time';
  first: number;
  width: number;
  /** Names the noise where the fill is noise. */
  key: [number, number];
}

export interface SpecAugmentParams {
  /** In the order in which they are applied: mel masks, then time masks. Every patch of a batch has the same axes in the same order. */
  masks: Mask[];
}

export function sampleSpecAugment(
  rng: Rng,
  options: Pick<SpecAugmentOptions, 'maskMels' | 'numMelMasks' | 'maskFrames' | 'numFrameMasks'>,
  { patchFrames, nMels }: PatchSize,
): SpecAugmentParams {
  const draw = (axis: Mask['axis'], limit: number, size: number): Mask => {
    const width = rng.integer(0, Math.min(limit, size + 1));
    return { axis, width, first: rng.integer(0, size - width + 1), key: [rng.uint32(), rng.uint32()] };
  };
  const masks: Mask[] = [];
  for (let i = 0; i < options.numMelMasks; i++) masks.push(draw('mel', options.maskMels, nMels));
  for (let i = 0; i < options.numFrameMasks; i++) masks.push(draw('time', options.maskFrames, patchFrames));
  return { masks };
}

/** 1 where kept, 0 where one of the masks of `axis` lies: `[batch, size]`, values in row-major order. */
function keepAlong(axis: Mask['axis'], size: number, masksOf: readonly (readonly Mask[])[]): Float32Array {
  const keep = new Float32Array(masksOf.length * size).fill(1);
  masksOf.forEach((masks, b) => {
    for (const mask of masks) if (mask.axis === axis) keep.fill(0, b * size + mask.first, b * size + mask.first + mask.width);
  });
  return keep;
}

/** Writes `fill` (broadcast) into the masked bins; the others keep their exact value. */
function applyMasks(batch: tf.Tensor3D, masksOf: readonly (readonly Mask[])[], fill: tf.Tensor): tf.Tensor3D {
  const [numPatches, numFrames, nMels] = batch.shape;
  const keepFrames = tf.tensor3d(keepAlong('time', numFrames, masksOf), [numPatches, numFrames, 1]);
  const keepMels = tf.tensor3d(keepAlong('mel', nMels, masksOf), [numPatches, 1, nMels]);
  const keep = tf.mul<tf.Tensor3D>(keepFrames, keepMels);
  return tf.add<tf.Tensor3D>(tf.mul(batch, keep), tf.mul(tf.sub(1, keep), fill));
}

/**
 * Masks every patch. Filling with min, max or zero does not change what the next mask writes, so all masks are written at once;
 * mean and noise depend on the masks before and go one by one. `batch` is `[batch, time, mel]`.
 */
export function applySpecAugment(
  batch: tf.Tensor3D,
  params: readonly SpecAugmentParams[],
  { fill = 'min' }: { fill?: SpecAugmentFill } = {},
): tf.Tensor3D {
  checkParams('applySpecAugment', batch, params);
  const masksOf = params.map(({ masks }) => masks);
  return tf.tidy(() => {
    if (fill === 'min') return applyMasks(batch, masksOf, tf.min(batch, [1, 2], true));
    if (fill === 'max') return applyMasks(batch, masksOf, tf.max(batch, [1, 2], true));
    if (fill === 'zero') return applyMasks(batch, masksOf, tf.scalar(0));
    let out = batch;
    for (let i = 0; i < masksOf[0].length; i++) {
      const mean = tf.mean(out, [1, 2], true);
      const value = fill === 'mean' ? mean : tf.add(mean, noiseLike(out, mean, params, i));
      out = applyMasks(
        out,
        masksOf.map((masks) => [masks[i]]),
        value,
      );
    }
    return out === batch ? tf.clone(batch) : out;
  });
}

/** Normal noise with each patch's standard deviation, keyed by its mask i. */
function noiseLike(batch: tf.Tensor3D, mean: tf.Tensor, params: readonly SpecAugmentParams[], i: number): tf.Tensor {
  const standardDeviation = tf.sqrt(tf.mean(tf.square(tf.sub(batch, mean)), [1, 2], true)); // [batch, 1, 1]
  const keys = Uint32Array.from(params.flatMap(({ masks }) => masks[i].key));
  const unit = gaussianNoise(
    keys,
    params.map(() => 1),
    batch.shape,
  );
  return tf.mul(unit, standardDeviation);
}
