import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../util/makeFolder.js';

/**
 * Runs one command in a process of its own; what it says goes to the end of `log`. Resolves to undefined for exit code 0, else to the
 * command's error in one line. Aborting `signal` sends `stopSignal()` on: the command saves what it must and ends.
 */
export async function spawnStage({
  program,
  args,
  log,
  signal,
  stopSignal = () => 'SIGTERM',
  onSpawn,
}: {
  /** Executable, and the arguments that stand before `args`. */
  program: readonly [string, ...string[]];
  args: readonly string[];
  log: string;
  signal?: AbortSignal;
  stopSignal?: () => NodeJS.Signals;
  onSpawn?: (pid: number) => void;
}): Promise<string | undefined> {
  await makeFolder(dirname(log));
  const file = openSync(log, 'a');
  const start = statSync(log).size;
  try {
    writeSync(file, `$ audiossl ${args.join(' ')}\n`);
    const [executable, ...first] = program;
    // The channel ends with this process: a child whose parent was killed notices, saves and stops.
    const child = spawn(executable, [...first, ...args], { stdio: ['ignore', file, file, 'ipc'] });
    if (child.pid !== undefined) onSpawn?.(child.pid);
    const stop = () => child.kill(stopSignal());
    signal?.addEventListener('abort', stop);
    // A process that is left at once, by a second signal, takes its children with it.
    const kill = () => child.kill('SIGKILL');
    process.on('exit', kill);
    try {
      const end = await new Promise<string | undefined>((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, by) => resolve(code === 0 ? undefined : by === null ? `exit code ${code}` : `killed by ${by}`));
      });
      return end === undefined ? undefined : (errorLine(readFileSync(log).subarray(start).toString('utf8')) ?? end);
    } finally {
      signal?.removeEventListener('abort', stop);
      process.off('exit', kill);
    }
  } finally {
    closeSync(file);
  }
}

/** The last line of the form of all our errors, without the program's name. */
function errorLine(text: string): string | undefined {
  const line = text
    .split('\n')
    .filter((candidate) => candidate.startsWith('audiossl: '))
    .at(-1);
  return line?.slice('audiossl: '.length);
}
