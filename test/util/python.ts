import { spawnSync } from 'node:child_process';

const python = '/usr/bin/python3';

/** Whether Debian's Python with these modules is there: tests that ask it skip elsewhere. */
export function hasPython(...modules: string[]): boolean {
  return spawnSync(python, ['-c', `import ${['sys', ...modules].join(', ')}`]).status === 0;
}

/** Runs a script with arguments and returns what it printed as JSON. */
export function runPython(script: string, ...args: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(python, ['-c', script, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`python: ${stderr}`);
  return JSON.parse(stdout);
}
