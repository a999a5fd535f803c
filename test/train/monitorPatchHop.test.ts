import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { monitorNeighbours, pretrain } from '../../src/train/pretrain.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStore } from './toneStore.js';

const folder = temporaryFolder();
let store: FeatureStore;

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  store = await toneStore(10);
});
afterAll(() => store.close());

/** Starts 0, hop, 2 hop ... and the last possible one, of patches of 32 frames. */
function grid(numFrames: number, hop: number): number[] {
  const starts = [];
  for (let start = 0; start < numFrames - 32; start += hop) starts.push(start);
  return [...starts, numFrames - 32];
}

test.each([
  { how: 'side by side unless told otherwise', overrides: [], hop: 32 },
  { how: 'as told', overrides: ['train.monitorPatchHop=7'], hop: 7 },
])('a look reads the patches of the validation clips $how, one after the other, each once', async ({ how, overrides, hop }) => {
  const config = loadConfig({
    overrides: [
      ...['encoder.name=vgg', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=4'],
      ...['train.epochs=1', 'train.batchSize=8', 'views=[]', ...overrides],
    ],
  });
  const read = vi.spyOn(store, 'readPatches');
  await pretrain({ store, config, out: join(folder, how) });
  const found = read.mock.calls.flatMap(([patches]) => patches.map(({ clip, start }) => `${clip}@${start}`));
  read.mockRestore();
  const split = await readFile(join(folder, how, 'split.csv'), 'utf8');
  const expected = store.clips.flatMap(({ id, numFrames }, clip) =>
    split.includes(`${id},validation`) ? grid(numFrames, hop).map((start) => `${clip}@${start}`) : [],
  );
  expect(expected.length).toBeGreaterThan(3);
  expect(` ${found.join(' ')} `).toContain(` ${expected.join(' ')} `);
});

test('the vote asks the same share of a bank of fewer or more patches as in evaluation', () => {
  expect(monitorNeighbours(200, { patchHop: 50, monitorPatchHop: 50 })).toBe(200);
  expect(monitorNeighbours(200, { patchHop: 50, monitorPatchHop: 101 })).toBe(99); // 200 x 50 / 101 = 99.01
  expect(monitorNeighbours(200, { patchHop: 50, monitorPatchHop: 10 })).toBe(1000);
  expect(monitorNeighbours(1, { patchHop: 50, monitorPatchHop: 500 })).toBe(1);
});
