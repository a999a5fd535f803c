import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCli } from './runCli.js';
import { runHere } from './runInProcess.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = `${root}dist/bundle/cli/main.js`;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };

describe('audiossl', () => {
  it('prints its version and its help on standard output, exit code 0', () => {
    expect(runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = runCli(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['setup', 'doctor', 'config']) expect(help.stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(runCli(['help', 'doctor'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('--backend <name>') });
  });

  it('prints the help on standard error when nothing is asked for, exit code 2', () => {
    expect(runCli([])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: audiossl') });
    expect(runCli(['config'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: audiossl config') });
  });

  it.each([
    [['doctr'], "audiossl: unknown command 'doctr' (Did you mean doctor?)\n"],
    [['doctor', '--bakend', 'cpu'], "audiossl: unknown option '--bakend' (Did you mean --backend?)\n"],
    [['doctor', '--backend', 'gpu'], /^audiossl: option '--backend <name>' argument 'gpu' is invalid. Allowed choices are auto, libtorch/],
    [
      ['doctor', '--threads', '0'],
      /^audiossl: option '--threads <number>' argument '0' is invalid. expected a whole number from 1 up, got "0".\n$/,
    ],
    [['doctor', '--threads', '1.5'], /expected a whole number from 1 up, got "1.5"/],
    [['config', 'show', '--set', 'train.epoch=1'], 'audiossl: --set train.epoch=1: train.epoch: unknown key; did you mean "epochs"?\n'],
    [['config', 'show', '--config', 'none.yaml'], /^audiossl: none.yaml: cannot read the config \(ENOENT[^\n]*\n$/],
  ])('tells wrong use in one line, exit code 2: %j', async (args, stderr) => {
    const result = await runHere(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    if (typeof stderr === 'string') expect(result.stderr).toBe(stderr);
    else expect(result.stderr).toMatch(stderr);
    expect(result.stderr.match(/\n/g)).toHaveLength(1);
  });

  it('shows the stack and the cause with --debug, wherever it stands', () => {
    for (const args of [
      ['--debug', 'config', 'show', '--config', 'none.yaml'],
      ['config', 'show', '--config', 'none.yaml', '--debug'],
    ]) {
      const { code, stderr } = runCli(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^audiossl: none.yaml: cannot read[^\n]*\nUsageError: .*\n {4}at readConfigFile .*\n {4}at loadConfig /);
      expect(stderr).toContain('caused by Error: ENOENT');
    }
  });

  it('ends quietly when the reader of its output goes away', () => {
    // `true` is gone before anything is written.
    const script = `"${process.execPath}" "${main}" config schema | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stdout).toBe('141\n');
    expect(stderr).toBe('');
  });

  it('can be started by its own name', () => {
    expect(() => accessSync(main, constants.X_OK)).not.toThrow();
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('loads none of the heavy packages for its help', () => {
    const traced = spawnSync(process.execPath, ['--input-type=module', '-e', listModules(main)], { encoding: 'utf8' });
    expect(traced.stderr).toBe('');
    const packages = traced.stdout.split('\n').filter((name) => name !== '');
    expect(packages).toEqual(['commander']);
  });
});

/** A program that prints the packages which importing `file` statically pulls in, by following the import statements. */
function listModules(file: string): string {
  return `
    import { readFileSync } from 'node:fs';
    const seen = new Set();
    const packages = new Set();
    const visit = (url) => {
      if (seen.has(url.href)) return;
      seen.add(url.href);
      const text = readFileSync(url, 'utf8');
      for (const [, name] of text.matchAll(/^(?:import|export)\\b[^;]*?["']([^"']+)["'];/gm)) {
        if (name.startsWith('.')) visit(new URL(name, url));
        else if (!name.startsWith('node:')) packages.add(name);
      }
    };
    visit(new URL('file://${file}'));
    console.log([...packages].join('\\n'));
  `;
}
