import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/util/makeFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

describe('makeFolder', () => {
  it('makes what is missing, takes what is there, several at once too', async () => {
    const deep = join(temporaryFolder(), 'a', 'b', 'c');
    await Promise.all([makeFolder(deep), makeFolder(join(deep, 'd')), makeFolder(deep)]);
    await makeFolder(deep);
    expect(readdirSync(deep)).toEqual(['d']);
    expect(statSync(join(deep, 'd')).isDirectory()).toBe(true);
  });

  it('does not mind that somebody else makes what is above between two looks', async () => {
    const dir = temporaryFolder();
    // Of a few hundred such meetings some come between the attempt and the look at what is above.
    const rounds = Array.from({ length: 300 }, (_, i) => join(dir, `${i}`, 'a', 'b', 'c'));
    for (const deep of rounds)
      await Promise.all([makeFolder(deep), makeFolder(join(deep, 'd')), makeFolder(join(deep, 'e')), makeFolder(deep)]);
    for (const deep of rounds) expect(readdirSync(deep).sort()).toEqual(['d', 'e']);
  });

  it('fails with the error of the system where a file is, and where a folder takes none', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'file'), '');
    await expect(makeFolder(join(dir, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(dir, 'file', 'x', 'y'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    if (existsSync('/proc/self')) await expect(makeFolder('/proc/none/x/y')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is the one way: mkdir with `recursive` never returns there', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ts$/.test(file));
    expect(files.filter((file) => /mkdir(Sync)?\([^;]*recursive/.test(readFileSync(join(src, file), 'utf8')))).toEqual([]);
  });
});
