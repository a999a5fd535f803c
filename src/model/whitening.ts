import * as tf from '@tensorflow/tfjs-core';
import { AudiosslError } from '../util/errors.js';
import type { CheckpointTensors } from './checkpoint.js';
import { selectTensors } from './parameters.js';

/** Tensors under this prefix turn h into what the model gives out: `whitening.weight` and `whitening.bias`. */
export const WHITENING = 'whitening';

/** An affine map of embeddings, `h weight + bias`; `fitWhitening` makes it. */
export interface Whitening {
  /** `[dim, dim]`, `[in, out]` row-major. */
  weight: Float32Array;
  /** `[dim]` */
  bias: Float32Array;
}

/** What of a checkpoint whitens its embeddings of `dim` values; undefined where it has nothing. Throws AudiosslError for another shape. */
export function whiteningOf(tensors: CheckpointTensors, dim: number, file = 'checkpoint'): Whitening | undefined {
  const found = selectTensors(WHITENING, tensors);
  if (found.size === 0) return undefined;
  const shapes = { weight: [dim, dim], bias: [dim] };
  for (const [name, shape] of Object.entries(shapes)) {
    const given = found.get(name)?.shape;
    if (given?.join() === shape.join()) continue;
    const got = given === undefined ? 'is missing' : `is [${given}]`;
    throw new AudiosslError(`loadModel: ${file}: ${WHITENING}.${name} must be [${shape}] and ${got}; use another copy of the file`);
  }
  return { weight: (found.get('weight') as { data: Float32Array }).data, bias: (found.get('bias') as { data: Float32Array }).data };
}

/** A whitening on the backend: embeddings `[n, dim]` -> whitened ones. The caller disposes of it. */
export function createWhitener({ weight, bias }: Whitening): { whiten: (h: tf.Tensor2D) => tf.Tensor2D; dispose: () => void } {
  const [matrix, shift] = [tf.tensor2d(weight, [bias.length, bias.length]), tf.tensor1d(bias)];
  return {
    whiten: (h) => tf.tidy(() => tf.add(tf.matMul(h, matrix), shift)),
    dispose: () => tf.dispose([matrix, shift]),
  };
}
