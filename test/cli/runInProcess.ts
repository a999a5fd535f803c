import { Command } from 'commander';
import { vi } from 'vitest';
import { createProgram } from '../../src/cli/createProgram.js';
import { reportError } from '../../src/cli/reportError.js';
import { AudiosslError } from '../../src/util/errors.js';

/** A program of these commands, run in this process; gives back what a command wrote to standard output. */
export function inProcess(...registers: ((program: Command) => void)[]): (...args: string[]) => Promise<string> {
  return async (...args) => {
    const program = new Command('audiossl').version('1.2.3').exitOverride();
    for (const register of registers) register(program);
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
    const written: string[] = [];
    const spies = [
      vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0),
      vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
    ];
    try {
      await program.parseAsync(['node', 'audiossl', ...args]);
    } catch (error) {
      // As the command line says it.
      if (error instanceof AudiosslError) error.message = error.commandLineMessage;
      throw error;
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    return written.join('');
  };
}

/** The whole command line in this process, as runCli runs it in one of its own: for what needs none, since the start of one takes a second. */
export async function runHere(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [stdout, stderr]: string[][] = [[], []];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => stdout.push(String(text)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0),
  ];
  let code = 0;
  try {
    await createProgram().parseAsync(['node', 'audiossl', ...args]);
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    code = reportError(error);
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
