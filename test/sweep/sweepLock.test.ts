import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockSweep } from '../../src/sweep/sweepLock.js';
import { folderWith } from '../data/syntheticData.js';

/** A process that lives for so long and has `word` in its command line. */
function process_(word: string, ms: number) {
  return spawn(process.execPath, ['-e', `setTimeout(() => {}, ${ms})`, word], { stdio: 'ignore' });
}

describe('the lock of a sweep', () => {
  it('is held by one, lists its children, and goes when released', async () => {
    const path = join(await folderWith(), 'lock');
    const lock = await lockSweep(path);
    lock.add(123, 'a-seed0');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([
      { host: hostname(), pid: process.pid, word: 'sweep' },
      { host: hostname(), pid: 123, word: 'a-seed0' },
    ]);
    lock.remove(123);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveLength(1);
    await lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it('refuses a second sweep, takes over from a killed one or a torn file, and is not fooled by a number given anew', async () => {
    const path = join(await folderWith(), 'lock');
    const other = process_('sweep', 60_000);
    writeFileSync(path, JSON.stringify([{ pid: other.pid, word: 'sweep' }]));
    await expect(lockSweep(path)).rejects.toThrow(`is being worked on by process ${other.pid}; wait for it`);
    writeFileSync(path, JSON.stringify([{ pid: other.pid, word: 'something else' }]));
    await (await lockSweep(path)).release();
    writeFileSync(path, '[{"pid"');
    await (await lockSweep(path)).release();
    other.kill();
  });

  it('never takes over the lock of another machine, whose processes it cannot ask after, and says what to do', async () => {
    const path = join(await folderWith(), 'lock');
    const text = JSON.stringify([{ host: 'another-node', pid: 2 ** 22 + 1, word: 'sweep' }]);
    writeFileSync(path, text);
    await expect(lockSweep(path)).rejects.toThrow(
      new RegExp(
        `by process ${2 ** 22 + 1} of the machine another-node, which cannot be asked from .* whether it lives; wait for it, or, where it has ended, delete .*/lock and`,
      ),
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('waits for what a killed sweep left, and not for ever', async () => {
    const path = join(await folderWith(), 'lock');
    const child = process_('a-seed0', 60_000);
    const holders = JSON.stringify([
      { pid: 2 ** 22 + 1, word: 'sweep' },
      { pid: child.pid, word: 'a-seed0' },
    ]);
    writeFileSync(path, holders);
    await expect(lockSweep(path, { waitMs: 150 })).rejects.toThrow(`run a-seed0 is still being written by process ${child.pid}`);
    const waited: number[][] = [];
    const onWait = (pids: number[]) => {
      waited.push(pids);
      child.kill();
    };
    await (await lockSweep(path, { onWait })).release();
    expect(waited).toEqual([[child.pid]]);
  });
});
