// Running the programs that set-up needs, and telling what they did.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Everything set-up says goes to standard error: results of the command after it stay alone on standard output. */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/** Whether a program of this name can be started. */
export function hasCommand(name, { path = process.env.PATH ?? '' } = {}) {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  return path.split(delimiter).some((folder) => folder !== '' && names.some((file) => isExecutable(join(folder, file))));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs a program without a terminal and keeps what it prints.
 * @returns {{ isOk: boolean, log: string, seconds: number }}
 */
export function run(command, args, { cwd, env } = {}) {
  const start = performance.now();
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 28,
    shell: process.platform === 'win32', // npm is a .cmd there
  });
  const log = [result.stdout, result.stderr, result.error?.message].filter(Boolean).join('\n');
  return { isOk: result.status === 0, log, seconds: (performance.now() - start) / 1000 };
}

/** The last lines of a log that say something, indented for printing under a message. */
export function lastLines(log, count = 12) {
  const lines = log.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}
