import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/createProgram.js';
import { sayNext } from '../../src/cli/sayNext.js';
import { runCli } from './runCli.js';

const isCommand = (command: Command): boolean => '_actionHandler' in command && typeof command._actionHandler === 'function';

function commandsOf(command: Command, path: string[] = []): { path: string[]; command: Command; help: string }[] {
  const own = path.length > 0 && isCommand(command) ? [{ path, command, help: helpOf(command) }] : [];
  return [...own, ...command.commands.flatMap((child) => commandsOf(child, [...path, child.name()]))];
}

/** With the example at its end, which `helpInformation` leaves out. */
function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) }).outputHelp();
  return parts.join('');
}

const commands = commandsOf(createProgram());

describe.each(commands)('the help of $path', ({ path, command, help }) => {
  it('ends with an example of it that holds what is needed', () => {
    const [, example] = /\nExample:\n {2}(.*)\n$/.exec(help) ?? [];
    const words = example?.split(' ') ?? [];
    expect(words.slice(0, path.length + 1)).toEqual(['audiossl', ...path]);
    const flags = words.filter((word) => word.startsWith('--'));
    const known = command.options.map(({ long }) => long);
    expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
    const needed = command.options.filter(({ mandatory, defaultValue }) => mandatory && defaultValue === undefined);
    expect(needed.map(({ long }) => long).filter((flag) => !flags.includes(flag as string))).toEqual([]);
    const numArguments = command.registeredArguments.filter(({ required }) => required).length;
    expect(words.slice(path.length + 1).filter((word) => !word.startsWith('--')).length).toBeGreaterThanOrEqual(numArguments);
  });

  it('marks what is needed, and nothing else', () => {
    const marked = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)[^\n]*?\bneeded: /gm)].map(([, flag]) => flag);
    const needed = command.options.filter(({ mandatory, defaultValue }) => mandatory && defaultValue === undefined);
    expect(marked).toEqual(needed.map(({ long }) => long));
  });
});

describe('the last line of a command', () => {
  it('is the next one, quoted for a shell, on standard error', () => {
    const written: string[] = [];
    const { write } = process.stderr;
    const { npm_command } = process.env;
    delete process.env.npm_command;
    process.stderr.write = ((text: string) => written.push(text) > 0) as typeof write;
    try {
      sayNext(['evaluate', "runs/it's one", '--split', 'test']);
      process.env.npm_command = 'exec';
      sayNext(['doctor']);
      process.env.AUDIOSSL_NEXT = 'off';
      sayNext(['report', 'runs/a']);
    } finally {
      process.stderr.write = write;
      delete process.env.AUDIOSSL_NEXT;
      if (npm_command === undefined) delete process.env.npm_command;
      else process.env.npm_command = npm_command;
    }
    expect(written).toEqual(["next: audiossl evaluate 'runs/it'\\''s one' --split test\n", 'next: npx audiossl doctor\n']);
  });

  it('leaves the output of a command alone', () => {
    expect(runCli(['config', 'schema']).stderr).toBe('');
  });
});
