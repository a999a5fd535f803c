import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { checkPerCore } from '../../util/checkPerCore.js';
import { freePort } from '../../util/freePort.js';
import { OWN_LAUNCHER } from './rankPlace.js';

/** After the others were told to stop, milliseconds until they are ended. */
const GRACE_MS = 10_000;

/**
 * Runs this very command in `count` processes of this machine, its ranks, and returns their exit code: 0, or that of the first that failed.
 * When one fails the others are told to stop and soon ended; a signal is passed on to all. Each holds a channel to this process, so that
 * they stop by themselves where this one is killed (main.ts).
 */
export async function runProcesses(count: number): Promise<number> {
  checkPerCore('ranks: --processes', count);
  const port = String(await freePort());
  const children: ChildProcess[] = [];
  let failure: number | undefined;
  let ending: NodeJS.Timeout | undefined;
  const killAll = (signal: NodeJS.Signals) => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  };
  const endSoon = () => {
    ending ??= setTimeout(() => killAll('SIGKILL'), GRACE_MS);
  };
  const passOn = (signal: NodeJS.Signals) => {
    killAll(signal);
  };
  process.on('SIGINT', passOn);
  process.on('SIGTERM', passOn);
  try {
    const ends = Array.from({ length: count }, (_, rank) => {
      const place = {
        RANK: rank,
        WORLD_SIZE: count,
        LOCAL_RANK: rank,
        LOCAL_WORLD_SIZE: count,
        MASTER_ADDR: '127.0.0.1',
        MASTER_PORT: port,
      };
      const env = {
        ...process.env,
        [OWN_LAUNCHER]: 'processes',
        ...Object.fromEntries(Object.entries(place).map(([k, v]) => [k, String(v)])),
      };
      const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
        env,
        stdio: ['ignore', rank === 0 ? 'inherit' : 'ignore', 'inherit', 'ipc'],
      });
      children.push(child);
      return new Promise<void>((resolve) => {
        child.once('error', () => resolve());
        child.once('exit', (code, signal) => {
          if (code !== 0) {
            if (signal !== null) process.stderr.write(`audiossl: rank ${rank} of ${count} was ended by ${signal}\n`);
            failure ??= code ?? (signal === null ? 1 : 128 + constants.signals[signal]);
            endSoon();
          }
          resolve();
        });
      });
    });
    await Promise.all(ends);
  } finally {
    clearTimeout(ending);
    process.off('SIGINT', passOn);
    process.off('SIGTERM', passOn);
  }
  return failure ?? 0;
}
