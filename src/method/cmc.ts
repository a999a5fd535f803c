import * as tf from '@tensorflow/tfjs-core';
import { contrastiveObjective } from '../loss/contrastiveObjective.js';
import { pairLabels } from '../ops/rows.js';
import { AudiosslError } from '../util/errors.js';
import { crossViewPairs } from './crossViewPairs.js';
import type { MethodParts } from './methodParts.js';
import { type PretrainMethod, pretrainMethod } from './pretrainMethod.js';

/**
 * Contrastive multiview coding of two views (Tian et al. 2020, equation 4 over the batch): each patch is seen by two encoders in two
 * ways, the projections of one ask for those of the other, negatives are the other patches' projections of that view. Both directions count
 * alike; the loss is their mean, the paper takes their sum. h is both embeddings joined.
 *
 * One patch a clip: `[n, time, mel]` in a step, of the two in an evaluation the first. `encoder` and `head` are made of two parts.
 */
export function cmc({ encoder, encoderParameters, head, headParameters, loss }: MethodParts): PretrainMethod {
  const { partSizes } = encoder;
  if (partSizes?.length !== 2) throw new AudiosslError(`cmc: needs an encoder of two views, ${encoder.name} has one`);
  const objective = contrastiveObjective(loss);
  return pretrainMethod({
    networks: { encoder: encoderParameters, projectionHead: headParameters },
    numViews: 1,
    forward(patches, { isTraining, dropout, spread }) {
      const h = encoder.forward(encoderParameters, patches, { isTraining, dropout });
      const z = head.forward(headParameters, h, { isTraining });
      const viewsOf = (joined: tf.Tensor2D, sizes: readonly number[]) =>
        spread.see(tf.concat(tf.split<tf.Tensor2D>(tf.slice(joined, 0, spread.numOwn), [...sizes], 1), 0), 2);
      const projections = viewsOf(z, [head.outputSize / 2, head.outputSize / 2]); // [2 seen, outputSize / 2]
      const rows = {
        get embeddings() {
          return viewsOf(h, partSizes);
        },
        projections,
        labels: pairLabels(spread.numSeen),
      };
      return { h, ...objective.compute(crossViewPairs(projections, projections), rows) };
    },
    updatesPerStep: 1,
    valueAtChance: (numClips) => objective.valueAtChance(numClips - 1),
  });
}
