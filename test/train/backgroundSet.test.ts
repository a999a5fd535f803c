import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { applyBackgroundMix } from '../../src/augment/backgroundMix.js';
import { type ViewsOptions, viewsOptions } from '../../src/augment/viewsOptions.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { loadCheckpoint } from '../../src/model/checkpoint.js';
import { readLog } from '../../src/run/readLog.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readViewPictures } from '../../src/run/viewPictures.js';
import { type BackgroundSet, openBackgroundSet } from '../../src/train/backgroundSet.js';
import { createPairSource } from '../../src/train/pairSource.js';
import { pretrain } from '../../src/train/pretrain.js';
import { folderWith, wav } from '../data/syntheticData.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd, toneStore } from './toneStore.js';

const patchFrames = 60;
const size = patchFrames * 24;
const viewsFrom = (from: string, more: object = {}): ViewsOptions => viewsOptions.parse([{ name: 'backgroundMix', from, ...more }]);

let store: FeatureStore;
/** Three recordings without labels, one of them shorter than a patch. */
let sounds: string;
let set: BackgroundSet;
let noises: FeatureStore;

beforeAll(async () => {
  await setBackend({ backend: availableBackends.at(-1), threads: 1 });
  store = await toneStore(10);
  const hum = (seconds: number, step: number) =>
    wav(Math.round(22_050 * seconds), (n) => 0.3 * Math.sin(n * n * step) + 0.1 * Math.sin(n * 7));
  sounds = await folderWith({ 'a.wav': hum(1.5, 1e-5), 'b.wav': hum(0.5, 3e-5), 'c.wav': hum(1, 2e-5) });
  const out = join(temporaryFolder(), 'run');
  set = (await openBackgroundSet({ who: 'test', views: viewsFrom(sounds), frontEnd: toneFrontEnd, patchFrames, out })) as BackgroundSet;
  const [made] = await import('node:fs/promises').then(({ readdir }) => readdir(join(dirname(out), 'features')));
  noises = await FeatureStore.open(join(dirname(out), 'features', made));
});
afterAll(async () => {
  await set.close();
  await noises.close();
  await store.close();
});

describe('the set that backgroundMix draws from', () => {
  it('gives patches of its recordings, the same for a clip whatever the batch, others in another epoch or with another seed', async () => {
    expect(set.notes[0]).toMatch(/^backgrounds from 2 recordings of data, 1 shorter than a patch left out, checksum [0-9a-f]{12}$/);
    expect(set.views[0]).toMatchObject({ name: 'backgroundMix', from: sounds, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const clips = Array.from({ length: 60 }, (_, clip) => clip);
    const drawn = await set.read({ seed: 1, epoch: 2, clips, numViews: 2 });
    const starts = [...noises.clips].flatMap(({ numFrames }, clip) =>
      Array.from({ length: Math.max(0, numFrames - patchFrames + 1) }, (_, start) => ({ clip, start })),
    );
    const all = await noises.readPatches(starts, patchFrames);
    const places = new Map(starts.map(({ clip, start }, i) => [all.subarray(i * size, (i + 1) * size).join(), `${clip} ${start}`]));
    const found = Array.from({ length: 120 }, (_, i) => places.get(drawn.subarray(i * size, (i + 1) * size).join()));
    expect(found).not.toContain(undefined);
    expect(new Set(found.map((place) => place?.split(' ')[0]))).toEqual(new Set(['0', '2']));
    expect(new Set(found).size).toBeGreaterThan(50);
    expect(found.slice(0, 60)).not.toEqual(found.slice(60));

    const patchOf = async (of: object) => set.read({ seed: 1, epoch: 2, clips: [7], numViews: 2, ...of });
    const seven = [7, 67].flatMap((row) => [...drawn.subarray(row * size, (row + 1) * size)]);
    expect([...(await patchOf({}))]).toEqual(seven);
    for (const other of [{ seed: 2 }, { epoch: 3 }]) expect([...(await patchOf(other))]).not.toEqual(seven);
  });

  it('is mixed into the views at their own ratios', async () => {
    const standardisation = { mean: [0], standardDeviation: [1] };
    const source = createPairSource({
      ...{ store, pool: [3, 11], views: viewsFrom(sounds), standardisation, patchFrames: 32, seed: 1 },
      backgroundSet: {
        read: async ({ clips, numViews }) => new Float32Array(clips.length * numViews * 32 * 24).map((_, i) => Math.sin(i)),
      },
    });
    const batch = await source.read([3, 11], 1);
    const [step] = batch.plan.steps;
    if (step.name !== 'backgroundMix') throw new Error('another step');
    expect(new Set(step.params.map(({ snr }) => snr)).size).toBe(4);
    for (const { snr } of step.params) expect(Math.abs(snr - 17.5)).toBeLessThanOrEqual(12.5);
    tf.tidy(() => {
      const [patches, backgrounds] = [batch.patches, batch.others as Float32Array].map((values) => tf.tensor3d(values, [4, 32, 24]));
      const expected = applyBackgroundMix(patches, step.params, { backgrounds });
      expect(source.toViews(batch).dataSync()).toEqual(expected.dataSync());
    });
  });

  it('is refused where it does not fit', async () => {
    const open = (views: ViewsOptions, frontEnd = toneFrontEnd, frames = patchFrames) =>
      openBackgroundSet({ who: 'pretrain', views, frontEnd, patchFrames: frames, out: join(temporaryFolder(), 'run') });
    await expect(open(viewsFrom('nowhere'))).rejects.toThrow(
      'backgroundMix.from must be a feature store or a folder of recordings, got nowhere, which is not there',
    );
    await expect(open(viewsFrom(noises.dir), resolveFrontEnd({ preset: 'acl', nMels: 32, minSeconds: 0.5 }))).rejects.toThrow(
      /^pretrain: backgroundMix\.from .* must have the front end of the run, they differ \(run \/ set\): nMels 32 \/ 24; make/,
    );
    await expect(open(viewsFrom(noises.dir, { sha256: 'a'.repeat(64) }))).rejects.toThrow(
      /has changed: its checksum was a{64} and is [0-9a-f]{64};/,
    );
    await expect(open(viewsFrom(noises.dir), toneFrontEnd, 500)).rejects.toThrow(
      'must have a recording of 500 frames, a patch; all are shorter',
    );
    expect(await open([])).toBeUndefined();
  });

  it('trains, with its checksum in the config, and goes on bit-identically', async () => {
    const config = loadConfig({
      overrides: [
        ...['encoder={name: vgg}', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data={patchFrames: 32, patchHop: 16}'],
        ...['projectionHead={hiddenSize: 16, outputSize: 8}', 'train.batchSize=8', 'train.epochs=1'],
        `views=[{name: mixBack}, {name: backgroundMix, from: ${JSON.stringify(noises.dir)}}]`,
      ],
    });
    const [whole, broken] = [0, 1].map(() => join(temporaryFolder(), 'run'));
    await pretrain({ store, config, out: whole });
    const stop = new AbortController();
    await pretrain({ store, config, out: broken, signal: stop.signal, onProgress: ({ batch }) => void (batch === 1 && stop.abort()) });
    await pretrain({ store, config, out: broken, resume: true });
    const [a, b] = await Promise.all([whole, broken].map((run) => loadCheckpoint(join(run, 'checkpoints/last.safetensors'))));
    for (const [name, { data }] of a.tensors) expect(b.tensors.get(name)?.data, name).toEqual(data);
    const { sha256 } = set.views[0] as { sha256: string };
    expect(readFileSync(join(whole, 'config.yaml'), 'utf8')).toContain(sha256);
    expect((await readLog(join(whole, 'log.jsonl'))).starts[0].dataNotes).toContain(
      `backgrounds from 3 recordings of ${noises.dir.split('/').at(-1)}, checksum ${sha256.slice(0, 12)}`,
    );
    const pictures = await readViewPictures(runFolder(whole));
    expect(pictures?.views.map((stages) => stages.map(({ name }) => name))).toEqual(
      [1, 2].map(() => ['patch', 'mixBack', 'backgroundMix']),
    );
  });
});
