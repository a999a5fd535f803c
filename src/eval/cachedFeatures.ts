import * as tf from '@tensorflow/tfjs-core';
import type { PatchSet } from '../embed/embedClips.js';
import { Rng } from '../util/rng.js';
import { featureScaling, noScaling } from './featureScaling.js';
import { classifierRows, type ProbeFeatures } from './linearProbe.js';

/**
 * Embeddings computed once, for the probe on an encoder in evaluation mode: each epoch draws one of a clip's grid patches, uniformly,
 * named by (seed, epoch) and the clip's number, and copies a batch of their rows together at a time.
 */
export function cachedFeatures({
  train,
  trainLabels,
  validation,
  validationLabels,
  standardise = false,
  seed,
}: {
  /** Clips numbered 0, 1 ... with their patches standing together, as `embedClips` gives them. */
  train: PatchSet;
  /** Class of each training clip. */
  trainLabels: ArrayLike<number>;
  validation: PatchSet;
  validationLabels: ArrayLike<number>;
  /** Scale each dimension to mean 0 and variance 1 over the training patches. */
  standardise?: boolean;
  seed: number;
}): ProbeFeatures {
  const { h, dim, clipOfPatch } = train;
  const firstPatch = new Uint32Array(trainLabels.length + 1);
  for (let patch = 0; patch < clipOfPatch.length; patch++) firstPatch[clipOfPatch[patch] + 1] = patch + 1;
  const scaling = standardise ? featureScaling(train) : noScaling(dim);
  const validationRows = classifierRows(validation, scaling);
  const trainClips = Uint32Array.from({ length: trainLabels.length }, (_, clip) => clip);
  return {
    dim,
    scaling,
    trainLabels,
    validationLabels,
    validation: () => validationRows,
    dispose: () => validationRows.x.dispose(),
    drawEpoch(epoch, order) {
      const rng = new Rng({ seed, epoch, purpose: 'probePatch' });
      const patchOf = trainClips.map((clip) => rng.integer(firstPatch[clip], firstPatch[clip + 1]));
      let rows = new Float32Array(0);
      return (first, count) => {
        // A new array a step would be cleared and collected 30,000 times.
        if (rows.length !== count * dim) rows = new Float32Array(count * dim);
        for (let i = 0; i < count; i++) {
          const patch = patchOf[order[first + i]];
          rows.set(h.subarray(patch * dim, (patch + 1) * dim), i * dim);
        }
        return tf.tensor2d(rows, [count, dim]);
      };
    },
  };
}
