import type * as tf from '@tensorflow/tfjs-core';
import type { ForwardOptions } from './layers.js';
import type { Parameters } from './parameters.js';

/** A network from log-mel patches to embeddings. Plain functions; the weights live in `Parameters`. */
export interface Encoder {
  name: string;
  /** Length of an embedding h. */
  embeddingSize: number;
  /** Fresh weights; equal seeds give equal weights. The caller disposes of them. */
  createParameters(rng: { seed: number }): Parameters;
  /** Standardised log-mel patches `[batch, time, mel]` -> h `[batch, embeddingSize]`. Training updates the running statistics in place. */
  forward(parameters: Parameters, views: tf.Tensor3D, options: ForwardOptions): tf.Tensor2D;
}
