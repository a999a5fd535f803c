import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { readAudio } from '../../src/audio/readAudio.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { embed } from '../../src/embed/embed.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

const folder = temporaryFolder();
let path: string;
let model: Model;
/** Means over time instead of a network: quick, and told from the network's by their size. */
let means: Model;
const sound = (i: number, seconds = 0.5) => ({
  samples: Float32Array.from({ length: 22050 * seconds }, (_, t) => Math.sin(t * 0.02 * (1 + (i % 7)))),
  sampleRate: 22050,
});

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  path = await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } });
  model = await loadModel(path);
  means = {
    ...model,
    encoder: { ...model.encoder, embeddingSize: 24 },
    embedPatches: (patches) => tf.tidy(() => tf.mean<tf.Tensor2D>(patches, 1)),
  };
});

describe('embed of sounds in memory', () => {
  test('is what embed gives for the files', async () => {
    await writeFile(join(folder, 'a.wav'), tone(300, 0.9));
    await writeFile(join(folder, 'b.wav'), tone(700, 0.6));
    const paths = [join(folder, 'a.wav'), join(folder, 'b.wav')];
    const files = await embed({ model, paths, per: 'patch' });
    const sounds = await Promise.all(
      paths.map(async (file) => {
        const { channels, sampleRate } = await readAudio(file);
        return { samples: channels[0], sampleRate, id: file };
      }),
    );
    const { encoderBusy: _, ...inMemory } = await embed({ model, sounds, per: 'patch' });
    expect(files).toMatchObject(inMemory);
    expect((await embed({ model: means, sounds: [sound(1, 0.2)] })).filled).toEqual(['0']);
  });

  test('any number of calls at once, with two models: each as if it were alone', async () => {
    const alone = [];
    for (let i = 0; i < 6; i++) alone.push(await embed({ model: i % 2 === 0 ? model : means, sounds: [sound(i)] }));
    const together = await Promise.all(alone.map((_, i) => embed({ model: i % 2 === 0 ? model : means, sounds: [sound(i)] })));
    expect(together.map(({ h }) => h)).toEqual(alone.map(({ h }) => h));
    expect(together.map(({ dim }) => dim)).toEqual([512, 24, 512, 24, 512, 24]);
  });

  test('hundreds of calls leave memory where it was', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const many = async (calls: number) => {
      for (let i = 0; i < calls; i++) await embed({ model: means, sounds: [sound(i)] });
      for (let i = 0; i < 3; i++) {
        gc();
        // Buffers are let go of after the turn.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return { numTensors: tf.memory().numTensors, numBytes: heapUsed + arrayBuffers };
    };
    await many(30);
    const before = await many(1);
    const after = await many(250);
    expect(after.numTensors).toBe(before.numTensors);
    // A call's log-mel alone is 5 KiB: kept, they would be 1.2 MiB, its samples 11 MiB.
    expect(after.numBytes - before.numBytes).toBeLessThan(2 ** 20);
  });

  test('in a worker thread, to the bit', async () => {
    const url = import.meta.resolve('audiossl');
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      (async () => {
        const { embed, loadModel, setBackend } = await import(workerData.url);
        await setBackend({ backend: 'wasm' });
        const model = await loadModel(workerData.path);
        parentPort.postMessage((await embed({ model, sounds: workerData.sounds })).h);
      })();`;
    const sounds = [sound(3)];
    const worker = new Worker(program, { eval: true, workerData: { url, path, sounds }, execArgv: [] });
    const h = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    expect(h).toEqual((await embed({ model, sounds })).h);
  });

  test('what cannot be embedded is refused, or left out on request', async () => {
    const { samples, sampleRate } = sound(0);
    const given = (...sounds: { samples: Float32Array; sampleRate: number; id?: string }[]) => embed({ model: means, sounds });
    await expect(given({ samples: Array.from(samples) as unknown as Float32Array, sampleRate })).rejects.toThrow(/must be a Float32Array/);
    await expect(given({ samples, sampleRate: 0 })).rejects.toThrow(/sampleRate must be in Hz, got 0/);
    await expect(given({ samples: new Float32Array(0), sampleRate })).rejects.toThrow(/sound 0: needs at least one sample/);
    await expect(given({ samples: Float32Array.of(0, Number.NaN), sampleRate })).rejects.toThrow(
      /sound 0: samples must be finite, got NaN at 1/,
    );
    await expect(given({ samples, sampleRate, id: 'a' }, { samples, sampleRate, id: 'a' })).rejects.toThrow(/got a twice/);
    const sounds = [{ samples: new Float32Array(0), sampleRate }, sound(1)];
    const { ids, rejected } = await embed({ model: means, sounds, onError: 'skip' });
    expect([ids, rejected.map(({ id }) => id)]).toEqual([['1'], ['0']]);
  });
});
