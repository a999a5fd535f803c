import * as tf from '@tensorflow/tfjs-core';
import type { Encoder } from './encoder.js';
import { type InputViewName, inputView } from './inputViews.js';
import { joinParts, type PartName, partNames, partOf } from './parts.js';

/**
 * Two encoders of one kind, each with weights of its own and a view of its own of every patch; h is both embeddings joined, the first
 * view's first (Tian et al. 2020 evaluate so). Names `first.` and `second.` before the encoder's own.
 *
 * @param createPart makes the encoder of a view
 */
export function twoView({
  views,
  createPart,
}: {
  views: readonly [InputViewName, InputViewName];
  createPart: (view: InputViewName) => Encoder;
}): Encoder {
  const parts = { first: createPart(views[0]), second: createPart(views[1]) };
  return {
    name: 'twoView',
    embeddingSize: parts.first.embeddingSize + parts.second.embeddingSize,
    partSizes: partNames.map((part) => parts[part].embeddingSize),
    createParameters: ({ seed }) => joinParts((part, rng) => parts[part].createParameters(rng), seed),
    forward: (parameters, patches, options) =>
      tf.tidy(() => {
        const embed = (part: PartName, i: number) =>
          tf.tidy(() => parts[part].forward(partOf(parameters, part), inputView(views[i], patches), options));
        return tf.concat(partNames.map(embed), 1);
      }),
  };
}
