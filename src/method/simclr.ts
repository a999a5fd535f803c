import * as tf from '@tensorflow/tfjs-core';
import { contrastiveObjective } from '../loss/contrastiveObjective.js';
import { labelPairs, viewPairs } from '../loss/pairs.js';
import { AudiosslError } from '../util/errors.js';
import type { MethodParts } from './methodParts.js';
import { type PretrainMethod, pretrainMethod } from './pretrainMethod.js';

/**
 * SimCLR (Chen et al. 2020) with any loss of pairs, and the angular margin beside it (ACL) where the loss says so.
 *
 * The encoder sees all views of a batch at once, `[numViews n, time, mel]`, with batch-norm statistics a view each, as a pass a view would
 * have. The projections z go to the loss, embeddings or projections to the margin (`marginOn`).
 *
 * @param numViews views of a clip in training; with more than two an anchor has several positives (TCL's positive triplets have three)
 * @param positives views: those of one clip; labels: all views of all clips of one class (supervised contrastive learning, Khosla et al.
 *   2020), for which a step must be told the labels
 */
export function simclr({
  encoder,
  encoderParameters,
  head,
  headParameters,
  loss,
  numViews = 2,
  positives = 'views',
}: MethodParts & { numViews?: number; positives?: 'views' | 'labels' }): PretrainMethod {
  const objective = contrastiveObjective(loss);
  return pretrainMethod({
    networks: { encoder: encoderParameters, projectionHead: headParameters },
    numViews,
    forward(views, { isTraining, dropout, labels, spread }) {
      const groups = isTraining ? numViews : 2;
      const h = encoder.forward(encoderParameters, views, { isTraining, groups, dropout }); // [views, embeddingSize]
      const z = spread.see(head.forward(headParameters, h, { isTraining, groups }), groups); // [views seen, outputSize]
      const ofClips =
        positives === 'labels'
          ? tf.tensor1d(spread.seeNumbers(labelsOf(spread.numOwn, labels)), 'int32')
          : tf.range(0, spread.numSeen, 1, 'int32');
      const kinds = tf.tile(ofClips, [groups]);
      const pairs = positives === 'labels' ? labelPairs(z, kinds) : viewPairs(tf.split<tf.Tensor2D>(z, groups));
      const rows = {
        get embeddings() {
          return spread.see(h, groups);
        },
        projections: z,
        labels: kinds,
      };
      return { h, ...objective.compute(pairs, rows) };
    },
    updatesPerStep: numViews,
    // With several positives or with labels it depends on the batch.
    valueAtChance: (numClips) => (numViews === 2 && positives === 'views' ? objective.valueAtChance(2 * numClips - 2) : undefined),
  });
}

function labelsOf(numClips: number, labels: Int32Array | undefined): Int32Array {
  if (labels?.length === numClips) return labels;
  throw new AudiosslError(`simclr: positives by labels need a label a clip, got ${labels?.length ?? 'none'} for ${numClips} clips`);
}
