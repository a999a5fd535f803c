import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { getSceneEmbeddings, getTimestampEmbeddings } from '../../src/embed/hear.js';
import type { Model } from '../../src/model/loadModel.js';
import { toneFrontEnd } from '../train/toneStore.js';

const patchFrames = 32;
const { nMels, hopLength, sampleRate } = toneFrontEnd;

/** Its "embedding" of a patch is the patch, so that each expected value is read off the log-mel. */
const model = {
  frontEnd: toneFrontEnd,
  patchFrames,
  patchHop: 12,
  encoder: { embeddingSize: patchFrames * nMels },
  embedPatches: (patches: tf.Tensor3D) => tf.reshape(patches, [patches.shape[0], -1]),
} as unknown as Model;

const noise = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i * 1e-4) * Math.sin(i * 3e-4));
const logMelOf = (samples: Float32Array) => clipLogMel({ channels: [samples], sampleRate }, toneFrontEnd);

/** Frame `at` of a log-mel that is mirrored at both ends: a walk to and fro, a frame a step. */
function mirroredFrame({ data, numFrames }: { data: Float32Array; numFrames: number }, at: number): number[] {
  let frame = 0;
  let step = at < 0 ? -1 : 1;
  for (let i = 0; i < Math.abs(at); i++) {
    if (frame + step < 0 || frame + step >= numFrames) step = -step;
    frame += step;
  }
  return Array.from(data.subarray(frame * nMels, (frame + 1) * nMels));
}
const frames = (logMel: { data: Float32Array; numFrames: number }, first: number) =>
  Array.from({ length: patchFrames }, (_, i) => mirroredFrame(logMel, first + i)).flat();

beforeAll(() => setBackend({ backend: 'cpu' }));

describe('getSceneEmbeddings', () => {
  it.each([1, 2, 128])('is the mean over patches a hop apart and the last one, %i patches at a time', async (batchSize) => {
    const audio = [noise(15_000), noise(20_001)];
    const { data, shape } = await getSceneEmbeddings(audio, model, { batchSize });
    expect(shape).toEqual([2, patchFrames * nMels]);
    const expected = audio.flatMap((samples) => {
      const logMel = logMelOf(samples);
      const last = logMel.numFrames - patchFrames;
      const starts = [...Array.from({ length: Math.ceil(last / 12) }, (_, i) => 12 * i), last];
      const patches = starts.map((start) => frames(logMel, start));
      return patches[0].map((_, i) => patches.reduce((sum, patch) => sum + patch[i], 0) / patches.length);
    });
    expect(data).toBeAllClose(expected, { rtol: 1e-6, atol: 1e-6 });
  });

  it('mirrors a clip that is shorter than a patch', async () => {
    const short = { ...model, frontEnd: { ...toneFrontEnd, minSeconds: 0 } } as Model;
    const samples = noise(12 * hopLength);
    const logMel = clipLogMel({ channels: [samples], sampleRate }, short.frontEnd);
    expect(logMel.numFrames).toBeLessThan(patchFrames / 2);
    expect((await getSceneEmbeddings([samples], short)).data).toEqual(Float32Array.from(frames(logMel, 0)));
  });
});

describe('getTimestampEmbeddings', () => {
  it.each([1, 7, 128])('centres a patch at each time, the clip mirrored at its ends, %i patches at a time', async (batchSize) => {
    const audio = [noise(15_000), noise(15_000).map((value) => value / 2)];
    const { data, shape, timestamps } = await getTimestampEmbeddings(audio, model, { hopMs: 51, batchSize });
    // 51 ms are 5.1 frames of 220 samples at 22,050 Hz: 5.
    const numTimes = 1 + Math.floor(15_000 / (5 * hopLength));
    expect(shape).toEqual([2, numTimes, patchFrames * nMels]);
    const times = Array.from({ length: numTimes }, (_, i) => (i * 5 * hopLength * 1000) / sampleRate);
    expect(timestamps).toBeAllClose([...times, ...times], { atol: 1e-9 });
    const expected = audio.flatMap((samples) => times.flatMap((_, i) => frames(logMelOf(samples), 5 * i - patchFrames / 2)));
    expect(data).toEqual(Float32Array.from(expected));
  });

  it('takes clips of one length only, and none at all', async () => {
    await expect(getTimestampEmbeddings([noise(15_000), noise(14_999)], model)).rejects.toThrow(/one length/);
    expect((await getTimestampEmbeddings([], model)).shape).toEqual([0, 0, patchFrames * nMels]);
  });
});
