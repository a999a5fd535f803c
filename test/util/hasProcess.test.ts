import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hasProcess } from '../../src/util/hasProcess.js';

it('knows a process that lives, and numbers that none has', () => {
  expect([hasProcess(process.pid), hasProcess(1), hasProcess(2 ** 22 + 1)]).toEqual([true, true, false]);
});

it.skipIf(!existsSync('/proc/self/stat'))('takes one that has ended for gone, though its parent has not asked after it', async () => {
  // The shell starts a process and becomes another program, which never asks after it.
  const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    await expect.poll(() => hasProcess(pid), { timeout: 5000 }).toBe(false);
    expect(() => process.kill(pid, 0), 'its number is still taken').not.toThrow();
  } finally {
    parent.kill('SIGKILL');
  }
});
