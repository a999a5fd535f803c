import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/cli/createProgram.js';
import { loadConfig } from '../src/config/loadConfig.js';
import { temporaryFolder } from './support/temporaryFolder.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const contributing = readFileSync(`${root}CONTRIBUTING.md`, 'utf8');

const folder = temporaryFolder();
const scripts = Object.keys((JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: object }).scripts);

/** The command that words name, and the words after it. */
function findCommand(command: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const child = command.commands.find((candidate) => candidate.name() === words[0]);
  return child ? findCommand(child, words.slice(1)) : { command, rest: words };
}

/** Whether it does something itself: `data` does not, `embed` does, beside `embed merge`. */
const isCommand = (command: Command): boolean => '_actionHandler' in command && typeof command._actionHandler === 'function';

const lines = readme.match(/^ *npx audiossl .*$/gm)?.map((line) => line.trim()) ?? [];
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text);

describe('README.md', () => {
  it.each(lines)('%s: command and options exist, and nothing required is left out', (line) => {
    const { command, rest } = findCommand(createProgram(), line.split(' ').slice(2));
    expect(isCommand(command), 'stops at a command').toBe(true);
    const flags = rest.filter((word) => word.startsWith('--'));
    const known = command.options.map((option) => option.long);
    expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
    const required = command.options.filter((option) => option.mandatory).map((option) => option.long);
    expect(required.filter((flag) => flag !== undefined && flag !== null && !flags.includes(flag))).toEqual([]);
    for (const flag of flags) {
      const option = command.options.find(({ long }) => long === flag);
      const value = rest[rest.indexOf(flag) + 1];
      if (option?.argChoices) expect(option.argChoices).toContain(value);
    }
  });

  it('lists every command', () => {
    const program = createProgram();
    const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## The config'));
    const names = program.commands.flatMap((command) => [
      ...(isCommand(command) ? [command.name()] : []),
      ...command.commands.map((child) => `${command.name()} ${child.name()}`),
    ]);
    expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });

  it('shows a config that is one, and names every key', () => {
    const [text] = blocks('yaml');
    const file = join(folder, 'config.yaml');
    writeFileSync(file, text);
    expect(() => loadConfig({ file })).not.toThrow();
    expect(Object.keys(loadConfig()).filter((key) => !readme.includes(`\`${key}\``))).toEqual([]);
  });

  it.each([
    ['README.md', readme],
    ['CONTRIBUTING.md', contributing],
  ])('%s names only scripts and files that exist', (_name, text) => {
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name);
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link);
    expect(links.filter((link) => !existsSync(root + link))).toEqual([]);
    const files = [...text.matchAll(/`((?:src|test|configs|native)\/[\w./-]+)`/g)]
      .map(([, file]) => file)
      .filter((file) => !file.includes('my'));
    expect(files.filter((file) => !existsSync(root + file))).toEqual([]);
  });
});
