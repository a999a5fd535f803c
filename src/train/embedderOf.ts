import * as tf from '@tensorflow/tfjs-core';
import type { Standardisation } from '../data/clipStatistics.js';
import type { PatchEmbedder } from '../embed/embedClips.js';
import { standardise } from '../model/standardise.js';
import type { Encoder } from '../nn/encoder.js';
import type { Parameters } from '../nn/parameters.js';

/** A network in training as what embeds patches, in evaluation mode. */
export function embedderOf({
  encoder,
  encoderParameters,
  standardisation,
  patchFrames,
  patchHop,
}: {
  encoder: Encoder;
  encoderParameters: Parameters;
  standardisation: Standardisation;
  patchFrames: number;
  patchHop: number;
}): PatchEmbedder {
  return {
    patchFrames,
    patchHop,
    isPerClip: standardisation.perClip,
    embedPatches: (patches) =>
      tf.tidy(() => encoder.forward(encoderParameters, standardise(patches, standardisation), { isTraining: false })),
  };
}
