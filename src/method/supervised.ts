import * as tf from '@tensorflow/tfjs-core';
import { crossEntropyMarginLoss } from '../loss/crossEntropyMarginLoss.js';
import type { SupervisedLossOptions } from '../loss/lossOptions.js';
import { leavesOutRows } from '../loss/robustOptions.js';
import type { Encoder } from '../nn/encoder.js';
import type { Parameters } from '../nn/parameters.js';
import type { Head } from '../nn/projectionHead.js';
import { type DropoutKey, dropout } from '../ops/dropout.js';
import { type BatchSpread, wholeBatch } from '../parallel/BatchSpread.js';
import { UsageError } from '../util/errors.js';
import { lossAndGradients } from './lossAndGradients.js';
import { networkParameters } from './networkParameters.js';

/** The numbers that a step reports. `loss` is what is minimised, the others are its parts before weighting. */
export interface SupervisedLosses {
  loss: number;
  crossEntropyLoss: number;
  marginLoss: number;
}

/** Loss and gradients of one step; whoever takes the gradients disposes of them. */
export interface SupervisedStep extends SupervisedLosses {
  /** Rows that a robust variant of cross-entropy has left out. */
  numDiscarded: number;
  /** By full name (`encoder.conv1.weight`, `classifier.weight`). */
  gradients: Map<string, tf.Tensor>;
}

/** An encoder and a linear classifier trained on labels, with the angular margin term beside cross-entropy. */
export interface Supervised {
  /** What the optimiser updates, by full name. */
  trainable: Parameters;
  /** Everything that a checkpoint must hold of the networks: `trainable` and the running statistics. */
  parameters: Parameters;
  /**
   * One training step's forward and backward pass; running statistics are updated, weights are not.
   * @param views `[n, time, mel]`, standardised
   * @param labels class of each view
   * @param dropout names the masks of encoders that have dropout; without it they drop nothing
   * @param spread how the batch lies on several ranks, views and labels being this one's share; absent: they are the whole batch
   */
  step(views: tf.Tensor3D, labels: Int32Array, dropout?: DropoutKey, spread?: BatchSpread): SupervisedStep;
  /**
   * The same losses in evaluation mode, where nothing is updated, dropped or left out as a possible wrong label, and the probabilities of
   * the classes, `[n, classes]` row-major; on several ranks of the batch that the loss sees.
   */
  evaluate(views: tf.Tensor3D, labels: Int32Array, spread?: BatchSpread): SupervisedLosses & { probabilities: Float32Array };
}

/** What the margin acts on: h, or the encoder's pooled feature. Throws UsageError where the encoder has none. */
export function marginFeature(encoder: Encoder, marginOn: SupervisedLossOptions['marginOn']): 'pooled' | 'embedding' {
  const hasPooled = encoder.forwardWithPooled !== undefined;
  if (marginOn === 'auto') return hasPooled ? 'pooled' : 'embedding';
  if (marginOn === 'pooled' && !hasPooled) {
    throw new UsageError(
      `supervised: loss.marginOn pooled needs an encoder with a pooled feature, ${encoder.name} has none; take the encoder supCnn, or loss.marginOn=embedding`,
    );
  }
  return marginOn;
}

export function supervised({
  encoder,
  encoderParameters,
  head,
  headParameters,
  loss: options,
}: {
  encoder: Encoder;
  encoderParameters: Parameters;
  /** The classifier. */
  head: Head;
  headParameters: Parameters;
  loss: SupervisedLossOptions;
}): Supervised {
  const { parameters, trainable } = networkParameters({ encoder: encoderParameters, classifier: headParameters });
  const feature = marginFeature(encoder, options.marginOn);
  const rate = encoder.classifierDropout ?? 0;
  // Leaving rows out is for training: a validation loss without the clips that fit worst would say nothing.
  const evaluationOptions = leavesOutRows(options.robust) ? { ...options, robust: null } : options;

  function embed(views: tf.Tensor3D, isTraining: boolean, key: DropoutKey | undefined): { h: tf.Tensor2D; features: tf.Tensor2D } {
    const forwardOptions = { isTraining, dropout: key };
    if (feature === 'embedding') {
      const h = encoder.forward(encoderParameters, views, forwardOptions);
      return { h, features: h };
    }
    const { h, pooled } = encoder.forwardWithPooled!(encoderParameters, views, forwardOptions);
    return { h, features: pooled };
  }

  function forward(views: tf.Tensor3D, labels: Int32Array, isTraining: boolean, spread: BatchSpread, key?: DropoutKey) {
    const { h, features } = embed(views, isTraining, key); // [n, embeddingSize], [n, embeddingSize or pooledSize]
    const seen = key === undefined || rate === 0 ? h : dropout(h, { rate, layer: 'classifier', key });
    const logits = spread.see(head.forward(headParameters, seen, { isTraining }), 1); // [n seen, classes]
    const given = { logits, features: spread.see(features, 1), labels: tf.tensor1d(spread.seeNumbers(labels), 'int32') };
    return { logits, ...crossEntropyMarginLoss(given, isTraining ? options : evaluationOptions) };
  }

  return {
    trainable,
    parameters,
    step(views, labels, key, spread = wholeBatch(labels.length)) {
      const { values, gradients } = lossAndGradients(trainable, spread, () => {
        const { logits: _, ...losses } = forward(views, labels, true, spread, key);
        return losses;
      });
      return { ...values, gradients };
    },
    evaluate(views, labels, spread = wholeBatch(labels.length)) {
      return tf.tidy(() => {
        const { logits, loss, crossEntropyLoss, marginLoss } = forward(views, labels, false, spread);
        const values = tf.stack([loss, crossEntropyLoss, marginLoss]).dataSync();
        // A copy: a backend may hand out its own memory.
        const probabilities = Float32Array.from(tf.softmax(logits).dataSync());
        return { loss: values[0], crossEntropyLoss: values[1], marginLoss: values[2], probabilities };
      });
    },
  };
}
