import { Command } from 'commander';
import { vi } from 'vitest';

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
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    return written.join('');
  };
}
