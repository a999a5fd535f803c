import * as tf from '@tensorflow/tfjs-core';
import { angularContrastiveLoss } from '../loss/angularContrastiveLoss.js';
import type { ContrastiveLossOptions } from '../loss/lossOptions.js';
import type { Encoder } from '../nn/encoder.js';
import type { Parameters } from '../nn/parameters.js';
import type { Head } from '../nn/projectionHead.js';
import type { DropoutKey } from '../ops/dropout.js';
import { lossAndGradients } from './lossAndGradients.js';
import { networkParameters } from './networkParameters.js';

/** The numbers that a step reports. `loss` is what is minimised, the others are its parts before weighting. */
export interface ContrastiveLosses {
  loss: number;
  contrastiveLoss: number;
  marginLoss: number;
}

/** Loss and gradients of one step; whoever takes the gradients disposes of them. */
export interface StepResult extends ContrastiveLosses {
  /** By full name (`encoder.conv1.weight`). */
  gradients: Map<string, tf.Tensor>;
}

/** SimCLR (Chen et al. 2020) with NT-Xent alone or with the angular margin beside it (ACL). */
export interface Simclr {
  /** What the optimiser updates, by full name (`encoder.conv1.weight`, `projectionHead.0.weight`). */
  trainable: Parameters;
  /** Everything that a checkpoint must hold of the networks: `trainable` and the running statistics. */
  parameters: Parameters;
  /**
   * One training step's forward and backward pass; running statistics are updated, weights are not.
   * @param views `[2n, time, mel]`, standardised, pair i being rows i and n + i
   * @param dropout names the masks of encoders that have dropout; without it they drop nothing
   */
  step(views: tf.Tensor3D, dropout?: DropoutKey): StepResult;
  /** The same losses in evaluation mode, where nothing is updated, and the embeddings h they came from, `[2n, embeddingSize]` row-major. */
  evaluate(views: tf.Tensor3D): ContrastiveLosses & { embeddings: Float32Array };
}

/**
 * The encoder sees both views of a batch at once, `[2n, time, mel]`, with batch-norm statistics a half each, as two passes would have.
 * The projections z go to NT-Xent, embeddings or projections to the margin (`marginOn`).
 */
export function simclr({
  encoder,
  encoderParameters,
  head,
  headParameters,
  loss: options,
}: {
  encoder: Encoder;
  encoderParameters: Parameters;
  head: Head;
  headParameters: Parameters;
  loss: ContrastiveLossOptions;
}): Simclr {
  // NT-Xent alone is the case of weight 1; the margin term is still computed, as an observation for the log.
  const lossOptions = options.name === 'ntXent' ? { ...options, contrastiveWeight: 1 } : options;
  const { parameters, trainable } = networkParameters({ encoder: encoderParameters, projectionHead: headParameters });

  function forward(views: tf.Tensor3D, isTraining: boolean, dropout?: DropoutKey) {
    const h = encoder.forward(encoderParameters, views, { isTraining, groups: 2, dropout }); // [2n, embeddingSize]
    const z = head.forward(headParameters, h, { isTraining, groups: 2 }); // [2n, outputSize]
    const [hA, hB] = tf.split<tf.Tensor2D>(h, 2);
    const [zA, zB] = tf.split<tf.Tensor2D>(z, 2);
    return { h, ...angularContrastiveLoss({ embeddings: [hA, hB], projections: [zA, zB] }, lossOptions) };
  }

  return {
    trainable,
    parameters,
    step(views, dropout) {
      const { values, gradients } = lossAndGradients(trainable, () => {
        const { h: _, ...losses } = forward(views, true, dropout);
        return losses;
      });
      return { ...values, gradients };
    },
    evaluate(views) {
      return tf.tidy(() => {
        const { h, loss, contrastiveLoss, marginLoss } = forward(views, false);
        const values = tf.stack([loss, contrastiveLoss, marginLoss]).dataSync();
        // A copy: a backend may hand out its own memory.
        return { loss: values[0], contrastiveLoss: values[1], marginLoss: values[2], embeddings: Float32Array.from(h.dataSync()) };
      });
    },
  };
}
