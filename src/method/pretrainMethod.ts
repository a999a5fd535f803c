import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../nn/parameters.js';
import type { DropoutKey } from '../ops/dropout.js';
import { type BatchSpread, wholeBatch } from '../parallel/BatchSpread.js';
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

/** What a step may be told beside its views. */
export interface StepContext {
  /** Class of each clip of the batch, or of this rank's share of it, for methods that learn from labels. */
  labels?: Int32Array;
  /** Place of each clip of the batch, or of this rank's share of it, among the training clips, for methods that remember every clip. */
  clips?: Int32Array;
  /** Names what the step draws: the masks of encoders that have dropout, which without it drop nothing, and a memory bank's noise. */
  dropout?: DropoutKey;
  /** How the batch lies on several ranks, `views` being this one's share; absent: they are the whole batch. */
  spread?: BatchSpread;
  /** Gets the embeddings h `[views, embeddingSize]` that the step made, of all ranks, after its gradients; disposed of when it returns. */
  observe?: (embeddings: tf.Tensor2D) => void;
}

/** A framework of pre-training: what one step is, and what is kept between steps. */
export interface PretrainMethod {
  /** What the optimiser updates, by full name (`encoder.conv1.weight`, `projectionHead.0.weight`). */
  trainable: Parameters;
  /** Everything that a checkpoint must hold: `trainable`, running statistics, momentum networks, queues, memories. */
  parameters: Parameters;
  /** Of `parameters` those that the method has made itself and that whoever made the method disposes of. */
  own: Parameters;
  /**
   * One training step's forward and backward pass. Running statistics, queues and memories are updated, weights are not. Losses and gradients are
   * those of the batch that the loss sees; gradients are this rank's summand of the batch's.
   * @param views `[numViews n, time, mel]`, standardised: the first views of all n clips, then the second ones ...
   */
  step(views: tf.Tensor3D, context?: StepContext): StepResult;
  /** To be called when the optimiser has made its update. `progress` is the share of the run's steps that are done. */
  afterUpdate?(progress: number): void;
  /**
   * The same losses of two views a clip, `[2n, time, mel]`, in evaluation mode, where nothing is updated, and the embeddings h of both,
   * `[2n, embeddingSize]` row-major; on several ranks of the batch that the loss sees.
   */
  evaluate(views: tf.Tensor3D, context?: Pick<StepContext, 'labels' | 'spread'>): ContrastiveLosses & { embeddings: Float32Array };
  /** How often a step updates each running statistic: once a group of rows that batch norm takes by itself. */
  updatesPerStep: number;
  /** What `contrastiveLoss` is of a batch of so many clips when nothing is learnt; undefined where the loss does not tell. */
  valueAtChance(numClips: number): number | undefined;
}

/** A step's scalars with the embeddings h that they came from. */
export interface ForwardResult {
  h: tf.Tensor2D;
  /** This rank's projections, where `afterStep` wants them. */
  z?: tf.Tensor2D;
  loss: tf.Scalar;
  contrastiveLoss: tf.Scalar;
  marginLoss?: tf.Scalar;
}

/** What networks that are not trained make of the views: embeddings and projections of the momentum encoder. */
export interface Targets {
  h: tf.Tensor2D;
  z: tf.Tensor2D;
}

export interface ForwardInput {
  isTraining: boolean;
  dropout?: DropoutKey;
  labels?: Int32Array;
  clips?: Int32Array;
  /** What `targets` gave. */
  targets?: Targets;
  spread: BatchSpread;
}

/**
 * A method from its forward pass. The targets are made before it and off the tape, so that their activations are gone when the
 * differentiated pass begins: they cost a forward pass and no memory.
 */
export function pretrainMethod({
  networks,
  untrained = {},
  targets: makeTargets,
  forward,
  afterStep,
  numViews = 2,
  ...rest
}: {
  /** Trained, by name. */
  networks: Record<string, Parameters>;
  /** Momentum networks, queues and memories, made for this method. */
  untrained?: Record<string, Parameters>;
  targets?: (views: tf.Tensor3D, isTraining: boolean) => Targets;
  forward: (views: tf.Tensor3D, input: ForwardInput) => ForwardResult;
  /** Gets what a training step has made, when its gradients are there. */
  afterStep?: (made: { targets?: Targets; z?: tf.Tensor2D }, context: Pick<ForwardInput, 'clips' | 'spread'>) => void;
  /** Views of a clip in training. */
  numViews?: number;
} & Pick<PretrainMethod, 'afterUpdate' | 'updatesPerStep' | 'valueAtChance'>): PretrainMethod {
  const { trainable } = networkParameters(networks);
  const { parameters: own } = networkParameters(untrained);
  const { parameters } = networkParameters({ ...networks, ...untrained });
  const targetsOf = (views: tf.Tensor3D, isTraining: boolean): Targets | undefined => {
    if (makeTargets === undefined) return undefined;
    const kept = tf.tidy(() => {
      const { h, z } = makeTargets(views, isTraining);
      return [h, z];
    });
    return { h: kept[0], z: kept[1] };
  };
  return {
    ...rest,
    trainable,
    parameters,
    own,
    step(views, { observe, spread = wholeBatch(views.shape[0] / numViews), ...context } = {}) {
      const targets = targetsOf(views, true);
      // Made inside the gradient's tidy, which would free them before they are read.
      const kept: { h?: tf.Tensor2D; z?: tf.Tensor2D } = {};
      try {
        const { values, gradients } = lossAndGradients(trainable, spread, () => {
          const { h, z, ...losses } = forward(views, { isTraining: true, ...context, targets, spread });
          if (observe !== undefined) kept.h = tf.keep(tf.clone(h));
          if (z !== undefined) kept.z = tf.keep(tf.clone(z));
          return losses;
        });
        const { h, z } = kept;
        if (h !== undefined) tf.tidy(() => observe?.(spread.collect(h, h.shape[0] / spread.numOwn)));
        afterStep?.({ targets, z }, { clips: context.clips, spread });
        return { ...values, gradients };
      } finally {
        tf.dispose([targets?.h, targets?.z, kept.h, kept.z].filter((tensor) => tensor !== undefined));
      }
    },
    evaluate(views, { labels, spread = wholeBatch(views.shape[0] / 2) } = {}) {
      return tf.tidy(() => {
        const { h, z: _, ...losses } = forward(views, { isTraining: false, labels, targets: targetsOf(views, false), spread });
        const values = tf.stack(Object.values(losses)).dataSync();
        const named = Object.fromEntries(Object.keys(losses).map((name, i) => [name, values[i]])) as unknown as ContrastiveLosses;
        // A copy: a backend may hand out its own memory.
        return { ...named, embeddings: Float32Array.from(spread.see(h, 2).dataSync()) };
      });
    },
  };
}
