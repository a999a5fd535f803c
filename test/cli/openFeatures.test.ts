import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { openFeatures } from '../../src/cli/openFeatures.js';
import { folderWith, tone } from '../data/syntheticData.js';

afterEach(() => vi.restoreAllMocks());

test('two folders of one name, and two front ends, have stores of their own beside the runs; one folder finds its again', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const root = await folderWith({ 'first/data/x/1.wav': tone(300), 'second/data/x/other.wav': tone(500) });
  mkdirSync(join(root, 'runs'));
  const open = async (folder: string, nMels = 16, run = 'a') => {
    const frontEnd = resolveFrontEnd({ nMels });
    const store = await openFeatures({ data: join(root, folder), out: join(root, 'runs', run), format: 'unlabelled', frontEnd });
    await store.close();
    return { dir: store.dir, ids: store.clips.map(({ id }) => id), nMels: store.nMels };
  };
  const first = await open('first/data');
  const second = await open('second/data');
  expect([first.ids, second.ids]).toEqual([['x/1.wav'], ['x/other.wav']]);
  expect(dirname(first.dir)).toBe(join(root, 'runs', 'features'));
  expect(basename(first.dir)).toMatch(/^data-[0-9a-f]{8}$/);
  expect((await open('first/data', 16, 'b')).dir).toBe(first.dir);
  expect(await open('first/data', 8)).toMatchObject({ nMels: 8, ids: first.ids });
});
