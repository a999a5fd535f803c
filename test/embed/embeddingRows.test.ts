import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { gridStarts } from '../../src/data/samplers.js';
import { createEmbeddingRowMaker, type EmbeddingRows } from '../../src/embed/embeddingRows.js';
import type { Model } from '../../src/model/loadModel.js';
import { toneFrontEnd } from '../train/toneStore.js';

// In place of an encoder: a patch's mean over time, which tells every patch from every other.
const model = {
  patchFrames: 32,
  patchHop: 16,
  frontEnd: toneFrontEnd,
  encoder: { embeddingSize: toneFrontEnd.nMels },
  embedPatches: (patches: tf.Tensor3D) => tf.mean(patches, 1) as tf.Tensor2D,
} as unknown as Model;
beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
});

const nMels = 24;
const frames = (numFrames: number, seed: number) =>
  Float32Array.from({ length: numFrames * nMels }, (_, i) => Math.sin(seed + i * 0.37) - 3);

/** Rows of two recordings, each handed over in pieces of `size` frames. */
async function rowsInPieces(recordings: Float32Array[], size: number, per: 'clip' | 'patch'): Promise<EmbeddingRows> {
  const all = { h: [] as number[], ids: [] as string[], timestamps: [] as number[] };
  const maker = createEmbeddingRowMaker({
    model,
    per,
    batchSize: 5,
    async onRows({ h, ids, timestamps }) {
      all.h.push(...h);
      all.ids.push(...ids);
      all.timestamps.push(...timestamps);
    },
  });
  for (const [i, data] of recordings.entries()) {
    for (let at = 0; at < data.length; at += size * nMels) await maker.push(`${i}`, data.subarray(at, at + size * nMels));
    await maker.end(`${i}`);
  }
  await maker.finish();
  return { ...all, h: Float32Array.from(all.h), dim: nMels };
}

describe('createEmbeddingRowMaker', () => {
  // 144 = 32 + 7 x 16 ends on the grid, 150 does not, 32 is a single patch.
  it.each(['clip', 'patch'] as const)('gives the same rows however a recording is cut (one a %s)', async (per) => {
    const recordings = [frames(144, 1), frames(32, 2), frames(150, 3)];
    const whole = await rowsInPieces(recordings, 1000, per);
    for (const size of [1, 7, 32, 100]) expect(await rowsInPieces(recordings, size, per)).toEqual(whole);
    const starts = recordings.map((data) => gridStarts(data.length / nMels, 32, 16));
    const ids = starts.flatMap((some, i) => (per === 'patch' ? some.map(() => `${i}`) : [`${i}`]));
    expect(whole.ids).toEqual(ids);
    if (per === 'patch')
      expect(whole.timestamps).toBeAllClose(
        starts.flat().map((start) => ((start + 15.5) * 220 * 1000) / 22_050),
        { rtol: 1e-12 },
      );
  });
});
