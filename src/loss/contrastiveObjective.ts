import * as tf from '@tensorflow/tfjs-core';
import { angularMargin } from '../ops/angularMargin.js';
import { marginTerm } from './angularMarginLoss.js';
import { contrastiveLosses } from './contrastiveLosses.js';
import type { ContrastiveLoss } from './defineLoss.js';
import type { AngularMarginKeys, ContrastiveLossOptions } from './lossOptions.js';
import { moduleLoss } from './moduleLoss.js';
import type { Pairs } from './pairs.js';

/** What the angular margin term sees: rows of one label are pulled together, others pushed apart. One of the two is read, so either may be a getter. */
export interface MarginRows {
  /** Encoder's outputs h, `[rows, dim]`. */
  embeddings: tf.Tensor2D;
  /** Head's outputs z, `[rows, dim]`. */
  projections: tf.Tensor2D;
  /** int32 `[rows]`: the clip's number for views, the class for labels. */
  labels: tf.Tensor1D;
}

/** A config's `loss` as frameworks call it. */
export interface ContrastiveObjective {
  name: string;
  /** Whether it says anything without negatives. */
  needsNegatives: boolean;
  /** Whether it pushes negatives away where there are some: alone, a loss that does not makes all embeddings equal. */
  usesNegatives: boolean;
  /** The total, to differentiate, and its unweighted parts, for the log; `marginLoss` only where a margin term is computed. */
  compute(pairs: Pairs, rows: MarginRows): { loss: tf.Scalar; contrastiveLoss: tf.Scalar; marginLoss?: tf.Scalar };
  /** What `contrastiveLoss` is when nothing is learnt and each anchor has one positive and so many negatives; undefined where unknown. */
  valueAtChance(numNegatives: number): number | undefined;
}

/**
 * The loss that a config names, with the angular margin beside it where it is on:
 * `contrastiveWeight x contrastive + (1 - contrastiveWeight) x margin`.
 *
 * @example
 * ```ts
 * import { contrastiveObjective, loadConfig } from 'audiossl';
 * const objective = contrastiveObjective(loadConfig().loss);
 * objective.valueAtChance(254); // => 5.5413
 * ```
 */
export function contrastiveObjective(given: ContrastiveLossOptions): ContrastiveObjective {
  const { loss, margin, options } = partsOf(given);
  return {
    name: loss.name,
    needsNegatives: loss.needsNegatives(options),
    usesNegatives: loss.usesNegatives?.(options) ?? loss.needsNegatives(options),
    compute: (pairs, rows) =>
      tf.tidy(() => {
        const contrastiveLoss = loss.compute(pairs, options);
        if (margin === null) return { loss: tf.clone(contrastiveLoss), contrastiveLoss };
        const marginRows = margin.marginOn === 'embedding' ? rows.embeddings : rows.projections;
        const marginLoss = angularMargin(marginRows, rows.labels, marginTerm('angularMarginLoss', margin));
        const { contrastiveWeight: weight } = margin;
        return { loss: tf.add<tf.Scalar>(tf.mul(contrastiveLoss, weight), tf.mul(marginLoss, 1 - weight)), contrastiveLoss, marginLoss };
      }),
    valueAtChance: (numNegatives) => loss.valueAtChance?.(numNegatives, options),
  };
}

function partsOf(options: ContrastiveLossOptions): {
  loss: ContrastiveLoss;
  margin: AngularMarginKeys | null;
  options: Record<string, unknown>;
} {
  if (options.name === 'module') return { ...moduleLoss(options), margin: null };
  if ('angularMargin' in options) return { loss: contrastiveLosses[options.name], margin: options.angularMargin, options };
  // NT-Xent alone is the case of weight 1; the margin term is still computed, as an observation for the log.
  const margin = options.name === 'ntXent' ? { ...options, contrastiveWeight: 1 } : options;
  return { loss: contrastiveLosses.ntXent, margin, options };
}
