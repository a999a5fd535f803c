import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeTemporaries, writeFilesAtomic } from '../../src/util/atomicFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

it('files that belong together change together or not at all', async () => {
  const dir = temporaryFolder();
  const [a, b] = ['a', 'b'].map((name) => join(dir, name));
  const write = (content: string) => ({
    write: async (handle: import('node:fs/promises').FileHandle) => {
      // Nothing is in its place while another one is being written.
      seen.push(
        readdirSync(dir)
          .filter((name) => !name.startsWith('.'))
          .join(),
      );
      await handle.writeFile(content);
      if (content === 'broken') throw new Error('the disk is full');
    },
  });
  const seen: string[] = [];
  await writeFilesAtomic([
    { path: a, ...write('first') },
    { path: b, ...write('second') },
  ]);
  expect(seen).toEqual(['', '']);
  await expect(
    writeFilesAtomic([
      { path: a, ...write('new') },
      { path: b, ...write('broken') },
    ]),
  ).rejects.toThrow('the disk is full');
  expect(readdirSync(dir)).toEqual(['a', 'b']);
  expect([a, b].map((path) => readFileSync(path, 'utf8'))).toEqual(['first', 'second']);
});

it('what killed processes left of a file is removed, and nothing else', async () => {
  const dir = temporaryFolder();
  const alive = `.rows.npz.${process.ppid}.0123abcd.tmp`;
  const others = ['.rows.npz.bak', '.rows.npz.999999999.tmp', '.other.npz.999999999.0123abcd.tmp', 'rows.npz', alive];
  for (const name of [...others, '.rows.npz.999999999.0123abcd.tmp', `.rows.npz.${process.pid}.0123abcd.tmp`])
    writeFileSync(join(dir, name), '');
  await removeTemporaries(join(dir, 'rows.npz'));
  expect(readdirSync(dir).sort()).toEqual(others.sort());
});
