import * as tf from '@tensorflow/tfjs-core';
import { Rng } from '../../src/util/rng.js';

/** A patch as nested rows, `patch[t][m]`: what the plain-loop oracles work on. */
export type Patch = number[][];

/** Log-mel-like values, each patch at its own level. */
export function randomPatches(numPatches: number, numFrames: number, nMels: number, seed = 1): Patch[] {
  const rng = new Rng({ seed, purpose: 'test.patches' });
  return Array.from({ length: numPatches }, () => {
    const level = rng.uniform(-5, 1);
    return Array.from({ length: numFrames }, () => Array.from({ length: nMels }, () => Math.fround(level + 2 * rng.normal())));
  });
}

export const toTensor = (patches: Patch[]): tf.Tensor3D => tf.tensor3d(patches);

/** Applies `f` to the patches on the backend in use, checks that no tensor but the result came to be, and returns all values in order. */
export async function applied(patches: Patch[], f: (batch: tf.Tensor3D) => tf.Tensor3D): Promise<Float32Array> {
  const batch = toTensor(patches);
  let out: tf.Tensor3D | undefined;
  try {
    const before = tf.memory().numTensors;
    out = f(batch);
    if (tf.memory().numTensors !== before + 1) throw new Error(`leaked ${tf.memory().numTensors - before - 1} tensors`);
    if (batch.isDisposed) throw new Error('the input was disposed of');
    if (String(out.shape) !== String(batch.shape)) throw new Error(`shape [${out.shape}] of [${batch.shape}]`);
    return Float32Array.from(await out.data());
  } finally {
    tf.dispose([batch, out ?? []]);
  }
}

/** The oracle's answer for every patch, in the order of the tensor. */
export function looped<Params>(patches: Patch[], params: Params[], oracle: (patch: Patch, params: Params) => Patch): number[] {
  return patches.flatMap((patch, i) => oracle(patch, params[i]).flat());
}
