import { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InterruptedError } from '../../src/cli/interruptible.js';
import { reportError } from '../../src/cli/reportError.js';
import { AudiosslError, UsageError } from '../../src/util/errors.js';

function systemError(code: string, syscall: string, path?: string): Error {
  return Object.assign(new Error(`${code}: text of the system, ${syscall}`), { code, syscall, path, errno: -1 });
}

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

describe('reportError', () => {
  it.each([
    [new AudiosslError('readWav: a.wav has 0 samples'), 1, 'audiossl: readWav: a.wav has 0 samples\n'],
    [new UsageError('no folder x'), 2, 'audiossl: no folder x\n'],
    [new InterruptedError('SIGTERM'), 143, 'audiossl: stopped by SIGTERM\n'],
    [
      new TypeError('x is not\n  a function'),
      1,
      'audiossl: TypeError: x is not a function (not expected: run it again with --debug for the stack)\n',
    ],
    [
      systemError('EACCES', 'mkdir', '/ro/x'),
      1,
      'audiossl: /ro/x: permission denied (EACCES, mkdir); change its permissions or give another path\n',
    ],
    [
      systemError('ENOSPC', 'write'),
      1,
      'audiossl: the disk is full (ENOSPC, write); free some space and run the same command again, pretrain and train with --resume\n',
    ],
    ['text', 1, 'audiossl: text (not expected: run it again with --debug for the stack)\n'],
    [new CommanderError(0, 'commander.version', '1.0'), 0, ''],
    [new CommanderError(1, 'commander.unknownOption', 'printed by commander'), 2, ''],
  ])('%s', (error, code, text) => {
    expect(reportError(error)).toBe(code);
    expect(printed).toBe(text);
  });

  it('adds the stack and every cause when debugging', () => {
    expect(reportError(new AudiosslError('outer', { cause: new Error('inner') }), { isDebug: true })).toBe(1);
    expect(printed).toMatch(/^audiossl: outer\nAudiosslError: outer\n {4}at [\s\S]*\ncaused by Error: inner\n {4}at /);
  });
});
