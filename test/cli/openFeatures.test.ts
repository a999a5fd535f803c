import { mkdirSync, writeFileSync } from 'node:fs';
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

test('a table in place of its folder has a store of its own, and another one when it was changed', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const root = await folderWith({ '1.wav': tone(300), '2.wav': tone(500), '3.wav': tone(700) });
  const frontEnd = resolveFrontEnd({ nMels: 16 });
  const open = async (ids: string[]) => {
    writeFileSync(join(root, 'marked.csv'), ['filename', ...ids].join('\n'));
    const store = await openFeatures({ data: join(root, 'marked.csv'), out: join(root, 'out', 'run'), format: 'auto', frontEnd });
    await store.close();
    return { dir: store.dir, ids: store.clips.map(({ id }) => id) };
  };
  const first = await open(['1.wav', '2.wav']);
  const second = await open(['2.wav', '3.wav']);
  expect([first.ids, second.ids]).toEqual([
    ['1.wav', '2.wav'],
    ['2.wav', '3.wav'],
  ]);
  expect(await open(['1.wav', '2.wav'])).toEqual(first);
});
