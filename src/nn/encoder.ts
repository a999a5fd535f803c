import type * as tf from '@tensorflow/tfjs-core';
import type { ForwardOptions } from './layers.js';
import type { Parameters } from './parameters.js';

/** A network from log-mel patches to embeddings. Plain functions; the weights live in `Parameters`. */
export interface Encoder {
  name: string;
  /** Length of an embedding h. */
  embeddingSize: number;
  /** Share of h that is dropped before a classifier in training; absent = 0. */
  classifierDropout?: number;
  /** Fresh weights; equal seeds give equal weights. The caller disposes of them. */
  createParameters(rng: { seed: number }): Parameters;
  /** Standardised log-mel patches `[batch, time, mel]` -> h `[batch, embeddingSize]`. Training updates the running statistics in place. */
  forward(parameters: Parameters, views: tf.Tensor3D, options: ForwardOptions): tf.Tensor2D;
  /** Lengths of the embeddings that h is joined of; absent where the encoder is one. */
  partSizes?: readonly number[];
  /** Length of the pooled feature; absent where the encoder has none. */
  pooledSize?: number;
  /** As `forward`, with the pooled feature of an earlier layer; absent where the encoder has none. */
  forwardWithPooled?(parameters: Parameters, views: tf.Tensor3D, options: ForwardOptions): EncoderOutput;
}

export interface EncoderOutput {
  /** `[batch, embeddingSize]` */
  h: tf.Tensor2D;
  /** `[batch, pooledSize]` */
  pooled: tf.Tensor2D;
}
