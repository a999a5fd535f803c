import type { FeatureStore } from '../data/FeatureStore.js';
import { type LogMelPatch, logMelPng } from './logMelPicture.js';

export interface ClipPicture {
  png: Uint8Array;
  width: number;
  height: number;
}

/** PNG of a log-mel, a pixel a bin; where it is wider than `mostFrames`, in means over neighbouring frames. */
export function logMelPicture(logMel: LogMelPatch, { mostFrames = 800 }: { mostFrames?: number } = {}): ClipPicture {
  const shrunk = meanFrames(logMel, Math.ceil(logMel.numFrames / mostFrames));
  return { png: logMelPng(shrunk), width: shrunk.numFrames, height: shrunk.nMels };
}

/** The same of a whole clip of a store. */
export async function clipPicture(
  store: Pick<FeatureStore, 'clips' | 'nMels' | 'readPatches'>,
  clip: number,
  options: { mostFrames?: number } = {},
): Promise<ClipPicture> {
  const { nMels } = store;
  const { numFrames } = store.clips[clip];
  const data = await store.readPatches([{ clip, start: 0 }], numFrames);
  return logMelPicture({ data, numFrames, nMels }, options);
}

/** Means over runs of `every` frames; a last shorter run is a frame of its own. */
export function meanFrames({ data, numFrames, nMels }: LogMelPatch, every: number): LogMelPatch {
  const count = Math.ceil(numFrames / every);
  const out = new Float32Array(count * nMels);
  for (let frame = 0; frame < numFrames; frame++) {
    const to = Math.floor(frame / every);
    const size = Math.min(every, numFrames - to * every);
    for (let mel = 0; mel < nMels; mel++) out[to * nMels + mel] += data[frame * nMels + mel] / size;
  }
  return { data: out, numFrames: count, nMels };
}
