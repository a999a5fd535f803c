import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import { unitRows } from '../ops/unitRows.js';
import { Rng } from '../util/rng.js';
import { randomDirections } from './randomDirections.js';

/** The latest projection of every training clip (memory bank, Wu et al. 2018). */
export interface ProjectionMemory {
  /** `rows`: `[clips, dim]`, of length 1. Part of the checkpoint. */
  parameters: Parameters;
  rows: tf.Variable<tf.Rank.R2>;
  /**
   * Moves the rows at `places`, no two of them alike, towards the new projections `[places, dim]`, of any length: `row = momentum row +
   * (1 - momentum) z / |z|`, brought back to length 1. All other rows keep their bits.
   */
  update(places: Int32Array, projections: tf.Tensor2D): void;
}

/** Begins with random directions named by the seed. Whoever makes it disposes of its parameters. */
export function projectionMemory({
  numClips,
  dim,
  momentum,
  seed,
}: {
  numClips: number;
  dim: number;
  momentum: number;
  seed: number;
}): ProjectionMemory {
  const values = randomDirections(numClips, dim, new Rng({ seed, purpose: 'memory bank' }));
  const rows = tf.tidy(() => tf.variable(tf.tensor2d(values, [numClips, dim]), false));
  return {
    parameters: new Map([['rows', rows as tf.Variable]]),
    rows,
    update(places, projections) {
      tf.tidy(() => {
        const at = tf.tensor1d(places, 'int32');
        const old = tf.gather(rows, at);
        const moved = unitRows(tf.add(tf.mul(old, momentum), tf.mul(unitRows(projections), 1 - momentum)));
        rows.assign(tf.tensorScatterUpdate(rows, tf.expandDims(at, 1), moved));
      });
    },
  };
}
