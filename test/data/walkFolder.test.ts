import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadDataset } from '../../src/data/loadDataset.js';
import { findRecordings } from '../../src/embed/findRecordings.js';
import { folderWith } from './syntheticData.js';

// Tests may run as the superuser, who may read everything: the system's refusal is played.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const readdir = (path: string, options: { withFileTypes: true }) => {
    if (!path.endsWith('locked')) return fs.readdir(path, options);
    return Promise.reject(Object.assign(new Error(`EACCES: permission denied, scandir '${path}'`), { code: 'EACCES' }));
  };
  return { ...fs, readdir };
});

describe('a folder that may not be read', () => {
  it('is named below the data folder, whose other recordings are used', async () => {
    const dir = await folderWith({ 'dog/1.wav': '', 'cat/1.wav': '' });
    await mkdir(join(dir, 'dog', 'locked'));
    const dataset = await loadDataset(dir);
    expect(dataset.classNames).toEqual(['cat', 'dog']);
    expect(dataset.unreadableFolders).toEqual([{ path: 'dog/locked', reason: expect.stringMatching(/^EACCES/) }]);
    expect(dataset.notes).toContainEqual(
      expect.stringMatching(/^the folder dog\/locked may not be read, its recordings are left out: EACCES/),
    );
  });

  it('is refused as the data folder, in one line', async () => {
    const dir = join(await folderWith({ 'locked/1.wav': '' }), 'locked');
    await expect(loadDataset(dir)).rejects.toThrow(/locked must be a folder that may be read: EACCES/);
  });

  it('stands in for its recordings where a folder is embedded, so that it is rejected by name; other files are counted', async () => {
    const dir = await folderWith({ 'dog/1.wav': '', 'zoo.wav': '', 'notes.txt': '' });
    await mkdir(join(dir, 'dog', 'locked'));
    const notes: string[] = [];
    const found = await findRecordings([dir], { onNote: (note) => notes.push(note) });
    expect(found.map(({ id }) => id)).toEqual(['dog/1.wav', 'dog/locked', 'zoo.wav']);
    expect(notes).toEqual([`${dir}: 1 file is no recording by its ending: .txt 1`]);
  });
});
