import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/cli', import.meta.url));

/** A command that works until it is stopped, then runs `afterwards` (with `signal` in reach), reporting as main.ts does. */
function start(afterwards: string): { child: ChildProcess; ended: Promise<{ code: number | null; stdout: string; stderr: string }> } {
  const program = `
    import { interruptible } from '${dist}/interruptible.js';
    import { reportError } from '${dist}/reportError.js';
    try {
      await interruptible(async (signal) => {
        console.log('working');
        while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
        ${afterwards}
      });
    } catch (error) {
      process.exitCode = reportError(error);
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

const untilWorking = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.stdout?.once('data', resolve));

describe('interruptible', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('lets work put things in order after %s, exit code %i', async (name, code) => {
    const { child, ended } = start(`console.log('saved');`);
    await untilWorking(child);
    child.kill(name);
    expect(await ended).toEqual({
      code,
      stdout: 'working\nsaved\n',
      stderr: `\naudiossl: ${name}: stopping in order (once more: at once)\naudiossl: stopped by ${name}\n`,
    });
  });

  it('takes an AbortError of a library for the interruption that it is', async () => {
    const { child, ended } = start(`signal.throwIfAborted();`);
    await untilWorking(child);
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
    const waiting = start(`await (await import('node:timers/promises')).setTimeout(1000, undefined, { signal });`);
    await untilWorking(waiting.child);
    waiting.child.kill('SIGINT');
    expect(await waiting.ended).toMatchObject({ code: 130, stderr: expect.stringMatching(/stopped by SIGINT\n$/) });
  });

  it('passes on what went wrong while stopping', async () => {
    const { child, ended } = start(`throw new Error('disk is full');`);
    await untilWorking(child);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 1, stderr: expect.stringContaining('disk is full') });
  });

  it('ends at once on the second signal', async () => {
    const { child, ended } = start(`console.log('saving'); await new Promise((resolve) => setTimeout(resolve, 60_000));`);
    await untilWorking(child);
    child.kill('SIGINT');
    await untilWorking(child);
    await new Promise((resolve) => setTimeout(resolve, 600));
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: 'working\nsaving\n' });
  });

  it('takes a signal that comes twice at once, from the terminal and from npm, for one', async () => {
    const { child, ended } = start(
      `console.log('saving'); await new Promise((resolve) => setTimeout(resolve, 300)); console.log('saved');`,
    );
    await untilWorking(child);
    child.kill('SIGINT');
    await untilWorking(child);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: 'working\nsaving\nsaved\n' });
  });
});
