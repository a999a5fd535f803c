import * as tf from '@tensorflow/tfjs-core';
import { Rng } from '../util/rng.js';
import type { PatchSet } from './knn.js';
import { classifierRows, type ProbeFeatures } from './linearProbe.js';

/**
 * Embeddings computed once, for the probe on an encoder in evaluation mode: each epoch draws one of a clip's grid patches, uniformly,
 * by a generator named (seed, epoch, clip), and gathers the rows of the whole epoch in one go.
 */
export function cachedFeatures({
  train,
  trainLabels,
  validation,
  validationLabels,
  seed,
}: {
  /** Clips numbered 0, 1 ... with their patches standing together, as `embedClips` gives them. */
  train: PatchSet;
  /** Class of each training clip. */
  trainLabels: ArrayLike<number>;
  validation: PatchSet;
  validationLabels: ArrayLike<number>;
  seed: number;
}): ProbeFeatures {
  const { h, dim, clipOfPatch } = train;
  const firstPatch = new Uint32Array(trainLabels.length + 1);
  for (let patch = 0; patch < clipOfPatch.length; patch++) firstPatch[clipOfPatch[patch] + 1] = patch + 1;
  const validationRows = classifierRows(validation);
  const width = dim + 1;
  return {
    dim,
    trainLabels,
    validationLabels,
    validation: () => validationRows,
    dispose: () => validationRows.x.dispose(),
    drawEpoch(epoch, order) {
      const rows = new Float32Array(order.length * width).fill(1);
      for (let i = 0; i < order.length; i++) {
        const clip = order[i];
        const rng = new Rng({ seed, epoch, clip, purpose: 'probePatch' });
        const patch = rng.integer(firstPatch[clip], firstPatch[clip + 1]);
        rows.set(h.subarray(patch * dim, (patch + 1) * dim), i * width);
      }
      const all = tf.tensor2d(rows, [order.length, width]);
      return {
        batch: (first, count) => tf.slice(all, [first, 0], [count, width]),
        dispose: () => all.dispose(),
      };
    },
  };
}
