import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';

/** What of a log-mel patch an encoder may be given instead of all of it. */
export const inputViewNames = ['logMel', 'lowMel', 'highMel', 'deltas', 'mfcc'] as const;
export type InputViewName = (typeof inputViewNames)[number];

/** Frames before and after that a delta looks at: a window of 5, as torchaudio's compute_deltas. */
const DELTA_REACH = 2;

/** Mel bands (or coefficients) of a view of patches with `nMels` bands. Throws AudiosslError where there are too few to share out. */
export function inputViewBands(name: InputViewName, nMels: number): number {
  if (name !== 'lowMel' && name !== 'highMel') return nMels;
  if (nMels < 2) throw new AudiosslError(`twoView: lowMel and highMel need a front end with 2 mel bands or more, got nMels ${nMels}`);
  return name === 'lowMel' ? Math.floor(nMels / 2) : Math.ceil(nMels / 2);
}

/**
 * A view by name of standardised log-mel patches `[batch, time, mel]`, `[batch, time, bands]`:
 * - `logMel`: the patch itself; `lowMel`, `highMel`: the lower and the upper half of its bands;
 * - `deltas`: slope over time, `sum over n = 1, 2 of n (x[t + n] - x[t - n]) / (2 sum of n^2)`, the ends repeated;
 * - `mfcc`: all coefficients of the orthonormal DCT-II over the bands (cepstrum).
 */
export function inputView(name: InputViewName, patches: tf.Tensor3D): tf.Tensor3D {
  const [batch, time, nMels] = patches.shape;
  const bands = inputViewBands(name, nMels);
  switch (name) {
    case 'logMel':
      return patches;
    case 'lowMel':
      return tf.slice(patches, [0, 0, 0], [batch, time, bands]);
    case 'highMel':
      return tf.slice(patches, [0, 0, nMels - bands], [batch, time, bands]);
    case 'deltas':
      return tf.matMul(tf.broadcastTo(tf.tensor2d(slopes(time), [time, time]), [batch, time, time]) as tf.Tensor3D, patches);
    case 'mfcc':
      return tf.reshape(tf.matMul(tf.reshape(patches, [batch * time, nMels]), tf.tensor2d(dct(nMels), [nMels, nMels])), patches.shape);
  }
}

/** Row t: what frame t's delta takes of every frame. */
function slopes(time: number): Float32Array {
  const rows = new Float32Array(time * time);
  let squares = 0;
  for (let n = 1; n <= DELTA_REACH; n++) squares += n * n;
  const add = (t: number, at: number, value: number): void => {
    rows[t * time + Math.min(time - 1, Math.max(0, at))] += value / (2 * squares);
  };
  for (let t = 0; t < time; t++) {
    for (let n = 1; n <= DELTA_REACH; n++) {
      add(t, t + n, n);
      add(t, t - n, -n);
    }
  }
  return rows;
}

/** Column k: the k-th cosine over the bands. */
function dct(size: number): Float32Array {
  const values = new Float32Array(size * size);
  for (let band = 0; band < size; band++) {
    for (let k = 0; k < size; k++) {
      values[band * size + k] = Math.sqrt((k === 0 ? 1 : 2) / size) * Math.cos((Math.PI * (band + 0.5) * k) / size);
    }
  }
  return values;
}
