import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import { Rng } from '../util/rng.js';
import { randomDirections } from './randomDirections.js';

/** The keys of the latest batches, oldest first out (MoCo, He et al. 2020). */
export interface KeyQueue {
  /** `keys`: `[size, dim]`, rows of length 1, the newest first. Part of the checkpoint. */
  parameters: Parameters;
  /** Puts the rows of `keys` (length 1) at the front; as many leave at the end. */
  push(keys: tf.Tensor2D): void;
}

/** Begins with random directions named by the seed, as in MoCo's code. Whoever makes it disposes of its parameters. */
export function keyQueue({ size, dim, seed }: { size: number; dim: number; seed: number }): KeyQueue {
  const values = randomDirections(size, dim, new Rng({ seed, purpose: 'key queue' }));
  const keys = tf.tidy(() => tf.variable(tf.tensor2d(values, [size, dim]), false));
  return {
    parameters: new Map([['keys', keys]]),
    push(newest) {
      const kept = size - newest.shape[0];
      tf.tidy(() =>
        keys.assign(kept <= 0 ? tf.slice(newest, [0, 0], [size, dim]) : tf.concat([newest, tf.slice(keys, [0, 0], [kept, dim])], 0)),
      );
    },
  };
}
