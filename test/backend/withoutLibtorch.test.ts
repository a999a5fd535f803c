import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { backendInUse } from '../../src/backend/backendInUse.js';
import { useAddon } from '../../src/backend/libtorch/loadAddon.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const broken = join(folder, 'broken.node');
writeFileSync(broken, 'no addon');

describe.each([
  ['is not built', `${broken}.absent`, /the native addon is not built; run `npm run setup`/],
  ['does not load', broken, /the native addon does not load \(.*\); run `npm run setup`/],
])('where the addon %s', (_, path, why) => {
  beforeEach(() => useAddon(path));

  it('auto takes wasm, in float32, and says why and what to do in one note', async () => {
    const inUse = await setBackend({ precision: 'auto', threads: 1 });
    expect(inUse).toMatchObject({ name: 'wasm', device: 'cpu', precision: 'float32' });
    expect(inUse.notes.filter((note) => note.startsWith('backend:'))).toEqual([
      expect.stringMatching(/^backend: wasm, about five times slower than libtorch \(libtorch: /),
    ]);
    expect(inUse.notes[0]).toMatch(why);
    expect(tf.getBackend()).toBe('wasm');
    expect(backendInUse()).toEqual(inUse);
  });

  it('what only libtorch has is not replaced by something else', async () => {
    await setBackend({ backend: 'cpu' });
    await expect(setBackend({ backend: 'libtorch' })).rejects.toThrow(why);
    await expect(setBackend({ device: 'cuda' })).rejects.toThrow(why);
    await expect(setBackend({ precision: 'bfloat16' })).rejects.toThrow(why);
    expect([tf.getBackend(), backendInUse().name]).toEqual(['cpu', 'cpu']);
  });
});

it('where the addon itself fails, auto hides nothing', async () => {
  const failing = join(folder, 'failing.cjs');
  writeFileSync(failing, "exports.storeBfloat16 = () => { throw new TypeError('a bug'); };");
  useAddon(failing);
  await expect(setBackend()).rejects.toThrow(new TypeError('a bug'));
});
