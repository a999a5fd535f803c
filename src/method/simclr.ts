import * as tf from '@tensorflow/tfjs-core';
import { contrastiveObjective } from '../loss/contrastiveObjective.js';
import type { ContrastiveLossOptions } from '../loss/lossOptions.js';
import { viewPairs } from '../loss/pairs.js';
import type { Encoder } from '../nn/encoder.js';
import type { Parameters } from '../nn/parameters.js';
import type { Head } from '../nn/projectionHead.js';
import type { DropoutKey } from '../ops/dropout.js';
import { pairLabels } from '../ops/rows.js';
import { lossAndGradients } from './lossAndGradients.js';
import { networkParameters } from './networkParameters.js';

/** The numbers that a step reports. `loss` is what is minimised, the others are its parts before weighting. */
export interface ContrastiveLosses {
  loss: number;
  contrastiveLoss: number;
  /** Only where the loss has an angular margin term beside it; NT-Xent alone reports it as an observation. */
  marginLoss?: number;
}

/** Loss and gradients of one step; whoever takes the gradients disposes of them. */
export interface StepResult extends ContrastiveLosses {
  /** By full name (`encoder.conv1.weight`). */
  gradients: Map<string, tf.Tensor>;
}

/** SimCLR (Chen et al. 2020) with any loss of pairs, and the angular margin beside it (ACL) where the loss says so. */
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
  /** What `contrastiveLoss` is of so many pairs when nothing is learnt; undefined where the loss does not tell. */
  valueAtChance(numPairs: number): number | undefined;
}

/**
 * The encoder sees both views of a batch at once, `[2n, time, mel]`, with batch-norm statistics a half each, as two passes would have.
 * The projections z go to the loss, embeddings or projections to the margin (`marginOn`).
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
  const objective = contrastiveObjective(options);
  const { parameters, trainable } = networkParameters({ encoder: encoderParameters, projectionHead: headParameters });

  function forward(views: tf.Tensor3D, isTraining: boolean, dropout?: DropoutKey) {
    const h = encoder.forward(encoderParameters, views, { isTraining, groups: 2, dropout }); // [2n, embeddingSize]
    const z = head.forward(headParameters, h, { isTraining, groups: 2 }); // [2n, outputSize]
    const [zA, zB] = tf.split<tf.Tensor2D>(z, 2);
    const labels = pairLabels(zA.shape[0]);
    return { h, ...objective.compute(viewPairs([zA, zB]), { embeddings: h, projections: z, labels }) };
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
        const { h, ...losses } = forward(views, false);
        const values = tf.stack(Object.values(losses)).dataSync();
        const named = Object.fromEntries(Object.keys(losses).map((name, i) => [name, values[i]])) as unknown as ContrastiveLosses;
        // A copy: a backend may hand out its own memory.
        return { ...named, embeddings: Float32Array.from(h.dataSync()) };
      });
    },
    valueAtChance: (numPairs) => objective.valueAtChance(2 * numPairs - 2),
  };
}
