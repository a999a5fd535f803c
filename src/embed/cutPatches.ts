import type { LogMel } from '../audio/logMel.js';

/** Patches `[starts.length, patchFrames, nMels]` copied out of a log-mel. */
export function cutPatches({ data, nMels }: LogMel, starts: readonly number[], patchFrames: number): Float32Array {
  const size = patchFrames * nMels;
  const out = new Float32Array(starts.length * size);
  for (let i = 0; i < starts.length; i++) out.set(data.subarray(starts[i] * nMels, starts[i] * nMels + size), i * size);
  return out;
}
