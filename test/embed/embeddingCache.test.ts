import { expect, test } from 'vitest';
import type { PatchEmbeddings } from '../../src/embed/embedClips.js';
import { createEmbeddingCache } from '../../src/embed/embeddingCache.js';

/** Clip c has c % 3 + 1 patches; row p of clip c is [c, p], its start 10 p. */
function embeddingsOf(clips: number[]): PatchEmbeddings {
  const rows = clips.flatMap((clip, position) => Array.from({ length: (clip % 3) + 1 }, (_, patch) => ({ clip, position, patch })));
  return {
    h: Float32Array.from(rows.flatMap(({ clip, patch }) => [clip, patch])),
    dim: 2,
    numPatches: rows.length,
    clipOfPatch: Uint32Array.from(rows, ({ position }) => position),
    startOfPatch: Uint32Array.from(rows, ({ patch }) => 10 * patch),
  };
}

test('what was remembered in parts comes back for any clips in any order', async () => {
  const cache = createEmbeddingCache();
  await cache.remember([4, 2, 9], embeddingsOf([4, 2, 9]));
  await cache.remember([5, 0], embeddingsOf([5, 0]));
  for (const clips of [[4, 2, 9], [2, 9], [9, 4], [0, 4, 5, 2], [5], []]) {
    const expected = embeddingsOf(clips);
    expect(await cache.recall(clips)).toEqual({ ...expected, dim: clips.length === 0 ? 0 : 2 });
  }
});

test('clips that stand together share their memory: a large set is not copied', async () => {
  const cache = createEmbeddingCache();
  const all = embeddingsOf([1, 2, 3]);
  await cache.remember([1, 2, 3], all);
  expect((await cache.recall([1, 2, 3])).h.buffer).toBe(all.h.buffer);
  expect((await cache.recall([2, 3])).h.buffer).toBe(all.h.buffer);
  expect((await cache.recall([1, 3])).h.buffer).not.toBe(all.h.buffer);
});
