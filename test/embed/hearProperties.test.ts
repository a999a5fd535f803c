import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { getSceneEmbeddings, getTimestampEmbeddings } from '../../src/embed/hear.js';
import { goldenModel, testSound } from '../export/goldenModel.js';

beforeAll(() => setBackend({ backend: 'wasm' }));

// What hear-validator does not ask: it calls an encoder of NaN good.
describe('the HEAR functions, of a whole model', () => {
  it('are deterministic, finite, the same alone, in a batch, in another order and in other chunks, and leave the weights alone', async () => {
    const model = goldenModel({ name: 'vgg' });
    const before = [...model.parameters.values()].map((variable) => variable.dataSync<'float32'>().slice());
    const clips = [1, 2, 3].map((seed) => testSound(0.6, model.frontEnd.sampleRate, seed));
    const dim = model.encoder.embeddingSize;
    const scene = async (sounds: Float32Array[], batchSize = 128) => (await getSceneEmbeddings(sounds, model, { batchSize })).data;
    const times = async (sounds: Float32Array[], batchSize = 128) =>
      (await getTimestampEmbeddings(sounds, model, { hopMs: 100, batchSize })).data;
    for (const embed of [scene, times]) {
      const together = await embed(clips);
      expect(together.every(Number.isFinite)).toBe(true);
      expect(await embed(clips)).toEqual(together);
      const size = together.length / clips.length;
      const row = (i: number) => together.subarray(i * size, (i + 1) * size);
      for (const i of [2, 0, 1]) expect(await embed([clips[i]])).toEqual(row(i));
      const turned = await embed([clips[2], clips[1], clips[0]]);
      expect([...turned]).toEqual([2, 1, 0].flatMap((i) => [...row(i)]));
      // Products of other sizes add in another order.
      expect(await embed(clips, 1)).toBeAllClose(together, { rtol: 0, atol: 1e-6 * Math.max(...together.map(Math.abs)) });
      expect(size % dim).toBe(0);
    }
    [...model.parameters.values()].forEach((variable, i) => {
      expect(variable.dataSync()).toEqual(before[i]);
    });
    model.dispose();
  });
});
