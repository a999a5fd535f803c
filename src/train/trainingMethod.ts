import type * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import type { DropoutKey } from '../ops/dropout.js';
import type { BatchSpread } from '../parallel/BatchSpread.js';

/**
 * Where the views of a step come from. An item is what an epoch passes over: a clip, or a patch of one; a batch is whatever the source and
 * the method agree on.
 */
export interface ViewSource<Item, Batch> {
  /** Views of one item in a batch: 2 for pairs. */
  viewsPerItem: number;
  /** Draws and reads the patches of `items`. Reading runs beside the computation, so call it one batch ahead. */
  read(items: readonly Item[], epoch: number): Promise<Batch>;
  /** Augments on the backend and standardises: `[views, time, mel]`. */
  toViews(batch: Batch): tf.Tensor3D;
}

/** What a step reports; whoever takes the gradients disposes of them. */
export interface StepReport {
  /** `loss` is what is minimised, the others are its parts before weighting, named `...Loss`, or measured beside it. Means over the batch. */
  losses: { loss: number } & Record<string, number>;
  /** Things worth counting, summed over an epoch. */
  counts?: Record<string, number>;
  /** By full name (`encoder.conv1.weight`). */
  gradients: Map<string, tf.Tensor>;
}

/** What one training step is. */
export interface TrainingMethod<Batch> {
  /** What the optimiser updates, by full name (`encoder.conv1.weight`, `projectionHead.0.weight`). */
  trainable: Parameters;
  /**
   * Forward and backward pass; running statistics are updated, weights are not.
   * @param spread how the batch lies on several ranks, `views` and `batch` being this one's share; absent: they are the whole batch
   */
  step(views: tf.Tensor3D, batch: Batch, dropout: DropoutKey, spread?: BatchSpread): StepReport;
  /** Called when the optimiser has made its update; `progress` is the share of the run's steps that are done. */
  afterUpdate?(progress: number): void;
}
