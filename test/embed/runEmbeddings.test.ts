import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { embedClips, type PatchEmbedder } from '../../src/embed/embedClips.js';
import { embedSet } from '../../src/embed/embedSet.js';
import { type EncoderIdentity, openRunEmbeddings } from '../../src/embed/runEmbeddings.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneStore } from '../train/toneStore.js';

const folder = temporaryFolder();
let store: FeatureStore;
let dir: string;
let numFolders = 0;
/** Patches that went through the encoder. */
let numForward = 0;

/** An encoder whose embedding of a patch is its mean over time. */
const model: PatchEmbedder = {
  patchFrames: 32,
  patchHop: 16,
  embedPatches(patches) {
    numForward += patches.shape[0];
    return tf.tidy(() => tf.mean<tf.Tensor2D>(patches, 1));
  },
};
const best: EncoderIdentity = { name: 'best', sha256: 'a' };

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  store = await toneStore(5);
});
afterAll(() => store?.close());
beforeEach(() => {
  dir = join(folder, String(numFolders++), 'embeddings');
  numForward = 0;
});

/** Embeds the clips with what the folder keeps, as one command does. */
async function embedIn(
  clips: readonly number[],
  { encoder = best, from = store, by = model }: { encoder?: EncoderIdentity; from?: FeatureStore; by?: PatchEmbedder } = {},
) {
  numForward = 0;
  const cache = await openRunEmbeddings({ dir, model: by, encoder, store: from });
  try {
    const patches = await embedSet({ model: by, store: from, clips, name: 'some', batchSize: 4, cache });
    return { patches, numForward };
  } finally {
    await cache.close();
  }
}

describe('openRunEmbeddings', () => {
  test('clips embedded by one command are read by the next: any clips, any order, the same bits', async () => {
    const first = await embedIn([7, 2, 4]);
    expect(first.numForward).toBe(first.patches.numPatches);
    const second = await embedIn([2, 9, 7]);
    const alone = await embedClips({ model, store, clips: [9] });
    expect(second.numForward).toBe(alone.numPatches);
    const clips = [9, 4, 2, 7];
    const all = await embedIn(clips);
    expect(all.numForward).toBe(0);
    expect(all.patches).toEqual(await embedClips({ model, store, clips, batchSize: 4 }));
    expect((await embedIn([])).patches.numPatches).toBe(0);
  });

  test('another store of the same recordings finds them; another recording of the same name does not', async () => {
    await embedIn([0, 1]);
    const again = await FeatureStore.open(store.dir);
    expect((await embedIn([0, 1], { from: again })).numForward).toBe(0);
    await again.close();
    // Recordings of the same names and lengths, of other pitch.
    const clips = store.clips.map((clip, i) => ({ ...clip, id: store.clips[(i + 1) % store.clips.length].id }));
    const other = Object.create(store, { clips: { value: clips } }) as FeatureStore;
    const { patches, numForward: passes } = await embedIn([0, 1], { from: other });
    expect(passes).toBe(patches.numPatches);
  });

  test('other weights or another grid drop what was kept; an encoder of another name leaves it alone', async () => {
    const clips = [0, 1, 2];
    const { patches } = await embedIn(clips);
    expect((await embedIn(clips, { encoder: { name: 'last', sha256: 'b' } })).numForward).toBe(patches.numPatches);
    expect(await readdir(dir)).toHaveLength(2);
    expect((await embedIn(clips)).numForward).toBe(0);
    expect((await embedIn(clips, { encoder: { name: 'best', sha256: 'c' } })).numForward).toBe(patches.numPatches);
    expect(await readdir(dir)).toHaveLength(2);
    expect((await embedIn(clips)).numForward).toBe(patches.numPatches);
    const finer = { ...model, patchHop: 8 };
    const grid = await embedIn(clips, { by: finer });
    expect(grid.numForward).toBe(grid.patches.numPatches);
    expect(grid.patches.numPatches).toBeGreaterThan(patches.numPatches);
    expect(await readdir(dir)).toHaveLength(2);
  });

  test('what another evaluation deletes meanwhile can still be read; what is broken or strange is dropped, another file is not', async () => {
    const { patches } = await embedIn([3, 5]);
    const cache = await openRunEmbeddings({ dir, model, encoder: best, store });
    await (await openRunEmbeddings({ dir, model, encoder: { ...best, sha256: 'new' }, store })).close();
    expect(await readdir(dir)).toEqual([]);
    expect(await cache.recall([3, 5])).toEqual(patches);
    await cache.close();

    await embedIn([3, 5]);
    const [name] = await readdir(dir);
    const whole = await readFile(join(dir, name));
    await writeFile(join(dir, name), whole.subarray(0, whole.length - 4));
    await writeFile(join(dir, 'strange.safetensors'), 'no header');
    await writeFile(join(dir, 'notes.txt'), 'mine');
    expect((await embedIn([3, 5])).numForward).toBe(patches.numPatches);
    expect((await readdir(dir)).sort()).toEqual([expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{12}\.safetensors$/), 'notes.txt']);
  });

  test('a failure in the midst keeps whole parts only and leaves nothing half-written', async () => {
    let left = 3;
    const failing: PatchEmbedder = {
      ...model,
      embedPatches(patches) {
        if (left-- === 0) throw new Error('no memory');
        return model.embedPatches(patches);
      },
    };
    await expect(embedIn([0, 1, 2, 3, 4, 5], { by: failing })).rejects.toThrow('no memory');
    expect(await readdir(dir).catch(() => [])).toEqual([]);
    await mkdir(dir, { recursive: true });
    await writeFile(join(folder, 'file'), '');
    await expect(openRunEmbeddings({ dir: join(folder, 'file'), model, encoder: best, store })).rejects.toThrow(/ENOTDIR/);
  });
});
