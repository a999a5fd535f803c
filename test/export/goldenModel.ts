import { type FrontEndOptions, resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { createModel, type Model } from '../../src/model/loadModel.js';
import { metadataOf } from '../model/smallModel.js';
import { goldenWeights } from '../nn/goldenNetwork.js';

/** A model of a small front end with weights and running statistics that are neither 0 nor 1; for the caller to dispose of. */
export function goldenModel(
  encoder: Record<string, unknown>,
  { frontEnd = {}, patchFrames = 32 }: { frontEnd?: Partial<FrontEndOptions>; patchFrames?: number } = {},
): Model {
  const resolved = resolveFrontEnd({ preset: 'acl', nFft: 1024, winLength: 660, nMels: 40, minSeconds: 0.5, ...frontEnd });
  const standardisation = resolved.log === 'decibel' ? { mean: [-40], standardDeviation: [20] } : undefined;
  const model = createModel(metadataOf({ encoder, frontEnd: { ...resolved }, patchFrames, ...(standardisation && { standardisation }) }));
  goldenWeights(model.parameters);
  return model;
}

/** Tones under noise, with a loud and a quiet half, in [-1, 1]. */
export function testSound(seconds: number, sampleRate: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const noise = state / 2 ** 31 - 1;
    const level = i < (seconds * sampleRate) / 2 ? 0.6 : 0.01;
    return level * (0.7 * Math.sin(i * (0.05 + 1e-6 * i)) + 0.3 * noise) + 0.02;
  });
}
