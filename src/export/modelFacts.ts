import { basename } from 'node:path';
import { frontEndHash } from '../audio/frontEnd.js';
import type { Model } from '../model/loadModel.js';
import { packageVersion } from '../util/packageVersion.js';

/** What an exported file says about the model in it, as text: enough to feed the encoder as it was trained, and to know where it came from. */
export function modelFacts({ metadata, checkpoint, frontEnd, patchFrames, patchHop, encoder }: Model): Record<string, unknown> {
  return {
    program: 'audiossl',
    version: packageVersion(),
    model: { checkpoint: checkpoint && basename(checkpoint.path), sha256: checkpoint?.sha256, step: metadata.step, epoch: metadata.epoch },
    encoder: metadata.encoder,
    embeddingSize: encoder.embeddingSize,
    frontEnd,
    frontEndHash: frontEndHash(frontEnd),
    patchFrames,
    patchHop,
    standardisation: metadata.standardisation,
    whitening: metadata.whitening ?? null,
    classNames: metadata.classNames,
  };
}

/** The key under which files have them. */
export const FACTS_KEY = 'audiossl';
