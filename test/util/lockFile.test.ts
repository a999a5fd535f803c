import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/data/buildLock.js';
import { createLock, readLock, removeStaleLock, rewriteLock } from '../../src/util/lockFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const pathOf = () => join(temporaryFolder(), 'lock');

describe('a lock', () => {
  it('is made once, says what its holder writes, and leaves nothing beside it', () => {
    const path = pathOf();
    expect(readLock(path)).toBeUndefined();
    expect([createLock(path, 'first'), createLock(path, 'second')]).toEqual([true, false]);
    rewriteLock(path, 'first, more');
    expect(readLock(path)).toBe('first, more');
    expect(readdirSync(join(path, '..'))).toEqual(['lock']);
  });

  it('left behind is taken away by one; who comes late puts back the lock of the one that was faster', () => {
    const path = pathOf();
    writeFileSync(path, 'stale');
    removeStaleLock(path, 'stale');
    expect(existsSync(path)).toBe(false);
    removeStaleLock(path, 'stale');
    createLock(path, 'the faster one');
    removeStaleLock(path, 'stale');
    expect(readFileSync(path, 'utf8')).toBe('the faster one');
    expect(readdirSync(join(path, '..'))).toEqual(['lock']);
  });

  it('of a process that is gone is taken over by one of several that find it', async () => {
    const gone = 2 ** 22 + 1;
    for (let i = 0; i < 30; i++) {
      const path = pathOf();
      writeFileSync(path, `${gone}\n\n${hostname()}\n`);
      const builds = await Promise.allSettled(Array.from({ length: 3 }, () => lockFolder(join(path, '..'))));
      expect(builds.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });
});
