import * as tf from '@tensorflow/tfjs-core';
import { contrastiveObjective } from '../loss/contrastiveObjective.js';
import { queuePairs } from '../loss/pairs.js';
import type { Parameters } from '../nn/parameters.js';
import { projectionHead } from '../nn/projectionHead.js';
import { pairLabels } from '../ops/rows.js';
import { unitRows } from '../ops/unitRows.js';
import { crossViewPairs } from './crossViewPairs.js';
import { keyQueue } from './keyQueue.js';
import type { MethodParts } from './methodParts.js';
import { type MomentumOptions, momentumAt } from './momentumAt.js';
import { momentumNetworks } from './momentumNetworks.js';
import { type PretrainMethod, pretrainMethod, type Targets } from './pretrainMethod.js';

/** The momentum encoder with its head, how it follows, and what it makes of views. Dropout is for what learns: targets have none. */
function momentumBranch({ encoder, encoderParameters, head, headParameters }: MethodParts, options: MomentumOptions) {
  const copies = momentumNetworks({ momentumEncoder: encoderParameters, momentumProjectionHead: headParameters });
  const { momentumEncoder, momentumProjectionHead } = copies.parameters;
  return {
    parameters: copies.parameters,
    targets(views: tf.Tensor3D, mode: { isTraining: boolean; groups: number }): Targets {
      const h = encoder.forward(momentumEncoder, views, mode);
      return { h, z: head.forward(momentumProjectionHead, h, mode) };
    },
    afterUpdate: (progress: number) => copies.follow(momentumAt(options, progress)),
  };
}

/**
 * MoCo v2 (He et al. 2020; Chen et al. 2020, "Improved Baselines with Momentum Contrastive Learning"): the first view of a clip, through the
 * encoder, asks for the second, through the momentum encoder; negatives are the keys of earlier batches, from a queue. The head is the
 * config's, with batch norm; the paper's has none. On one device the keys are not shuffled between batch-norm groups: a batch is one group.
 *
 * A margin term sees the queries' and the keys' rows together; only the queries learn from it.
 * Checkpoint: `momentumEncoder.`, `momentumProjectionHead.`, `queue.keys`.
 */
export function mocoV2(
  parts: MethodParts,
  { queueSize, seed, ...options }: MomentumOptions & { queueSize: number; seed: number },
): PretrainMethod {
  const { encoder, encoderParameters, head, headParameters, loss } = parts;
  const objective = contrastiveObjective(loss);
  const branch = momentumBranch(parts, options);
  const queue = keyQueue({ size: queueSize, dim: head.outputSize, seed });
  const keys = queue.parameters.get('keys') as tf.Variable<tf.Rank.R2>;
  return pretrainMethod({
    networks: { encoder: encoderParameters, projectionHead: headParameters },
    untrained: { ...branch.parameters, queue: queue.parameters },
    targets: (views, isTraining) => branch.targets(half(views, 1), { isTraining, groups: 1 }),
    forward(views, { isTraining, dropout, targets, spread }) {
      const key = targets as Targets;
      // A look at validation clips wants the embeddings of both views; a step takes time for one.
      const seen = isTraining ? half(views, 0) : views;
      const h = encoder.forward(encoderParameters, seen, { isTraining, dropout });
      const ofQueries = isTraining ? h : tf.slice(h, 0, spread.numOwn);
      const z = spread.see(head.forward(headParameters, ofQueries, { isTraining }), 1);
      const keyZ = spread.see(key.z, 1);
      const rows = {
        get embeddings() {
          return tf.concat([spread.see(ofQueries, 1), spread.see(key.h, 1)], 0);
        },
        get projections() {
          return tf.concat([z, keyZ], 0);
        },
        labels: pairLabels(spread.numSeen),
      };
      return { h, ...objective.compute(queuePairs(z, keyZ, keys), rows) };
    },
    // The queue is the run's, one and the same on all ranks.
    afterStep: ({ targets }, { spread }) => tf.tidy(() => queue.push(unitRows(spread.collect((targets as Targets).z, 1)))),
    afterUpdate: branch.afterUpdate,
    updatesPerStep: 1,
    valueAtChance: () => objective.valueAtChance(queueSize),
  });
}

/** A predictor on the projection, of both views, each asking for the other's projection by the momentum encoder. */
function predictorMethod(
  parts: MethodParts,
  { predictorHiddenSize, seed, hasNegatives, ...options }: MomentumOptions & PredictorOptions & { hasNegatives: boolean },
): PretrainMethod {
  const { encoder, encoderParameters, head, headParameters, loss } = parts;
  const objective = contrastiveObjective(loss);
  const branch = momentumBranch(parts, options);
  const size = head.outputSize;
  const predictor = projectionHead({ inputSize: size, hiddenSize: predictorHiddenSize, outputSize: size, network: 'predictor' });
  const predictorParameters: Parameters = predictor.createParameters({ seed });
  const method = pretrainMethod({
    networks: { encoder: encoderParameters, projectionHead: headParameters, predictor: predictorParameters },
    untrained: branch.parameters,
    targets: (views, isTraining) => branch.targets(views, { isTraining, groups: 2 }),
    forward(views, { isTraining, dropout, targets, spread }) {
      const mode = { isTraining, groups: 2 };
      const h = encoder.forward(encoderParameters, views, { ...mode, dropout });
      const z = head.forward(headParameters, h, mode);
      const queries = spread.see(predictor.forward(predictorParameters, z, mode), 2);
      const pairs = crossViewPairs(queries, spread.see((targets as Targets).z, 2), { hasNegatives });
      const rows = {
        get embeddings() {
          return spread.see(h, 2);
        },
        get projections() {
          return spread.see(z, 2);
        },
        labels: pairLabels(spread.numSeen),
      };
      return { h, ...objective.compute(pairs, rows) };
    },
    afterUpdate: branch.afterUpdate,
    updatesPerStep: 2,
    // Without negatives equal rows are the loss's lowest value and not its worst.
    valueAtChance: (numClips) => (objective.needsNegatives ? objective.valueAtChance(numClips - 1) : undefined),
  });
  const made = [...predictorParameters].map(([path, variable]) => [`predictor.${path}`, variable] as const);
  return { ...method, own: new Map([...method.own, ...made]) };
}

export interface PredictorOptions {
  predictorHiddenSize: number;
  /** Of the predictor's initial weights. */
  seed: number;
}

/**
 * MoCo v3 (Chen et al. 2021, algorithm 1): both views are queries, through encoder, head and predictor, and each asks for the other's
 * projection by the momentum encoder; negatives are the other clips' projections of that view. The loss is the mean of both directions; the
 * paper takes their sum times 2 x temperature, which a learning rate can do as well.
 * Checkpoint: `predictor.`, `momentumEncoder.`, `momentumProjectionHead.`.
 */
export function mocoV3(parts: MethodParts, options: MomentumOptions & PredictorOptions): PretrainMethod {
  return predictorMethod(parts, { ...options, hasNegatives: true });
}

/**
 * BYOL (Grill et al. 2020, equation 2): as MoCo v3 without negatives, so that its loss must be one that needs none: infoNce with beta 0 is
 * `-cos / temperature`, at temperature 0.5 BYOL's `2 - 2 cos` but for the constant; its c is the curvature of Rho et al. The loss is the
 * mean of both directions, the paper takes their sum.
 */
export function byol(parts: MethodParts, options: MomentumOptions & PredictorOptions): PretrainMethod {
  return predictorMethod(parts, { ...options, hasNegatives: false });
}

function half(views: tf.Tensor3D, which: 0 | 1): tf.Tensor3D {
  const n = views.shape[0] / 2;
  return tf.slice(views, which * n, n);
}
