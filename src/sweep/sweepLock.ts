import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { AudiosslError } from '../util/errors.js';
import { hasProcess } from '../util/hasProcess.js';
import { heldElsewhere } from '../util/heldElsewhere.js';
import { createLock, readLock, removeStaleLock, rewriteLock } from '../util/lockFile.js';
import { makeFolder } from '../util/makeFolder.js';

/** A process that works on a sweep's folder; `word` stands in its command line. */
interface Holder {
  /** Its machine: a sweep's folder may lie on a shared disk. */
  host?: string;
  pid: number;
  word: string;
}

export interface SweepLock {
  /** A child works in the folder as well, on the run of this name. */
  add(pid: number, run: string): void;
  remove(pid: number): void;
  release(): Promise<void>;
}

/** Children of a sweep that was killed notice it, save and end: so long they are waited for. */
const WAIT_MS = 300_000;

/**
 * Makes this process the only sweep in a folder. The lock of a killed sweep is taken over, once the children that outlive it have ended: two
 * processes in one run folder would spoil it. Throws AudiosslError while another sweep is at work, or one of another machine may be.
 * @param onWait called with the number of processes that are waited for
 */
export async function lockSweep(
  path: string,
  { onWait, signal, waitMs = WAIT_MS }: { onWait?: (pids: number[]) => void; signal?: AbortSignal; waitMs?: number } = {},
): Promise<SweepLock> {
  await makeFolder(dirname(path));
  requireNoSweep(path);
  const before = readLock(path);
  if (before !== undefined) {
    await waitForEnd(holdersOf(before).slice(1), { onWait, signal, waitMs });
    removeStaleLock(path, before);
  }
  const host = hostname();
  const holders: Holder[] = [{ host, pid: process.pid, word: 'sweep' }];
  if (!createLock(path, JSON.stringify(holders)))
    throw new AudiosslError(`sweep: ${dirname(path)} was taken by another sweep just now; wait for it`);
  const write = () => rewriteLock(path, JSON.stringify(holders));
  return {
    add(pid, run) {
      holders.push({ host, pid, word: run });
      write();
    },
    remove(pid) {
      const index = holders.findIndex((holder) => holder.pid === pid);
      if (index >= 0) holders.splice(index, 1);
      write();
    },
    release: () => rm(path, { force: true }),
  };
}

/** Throws AudiosslError while a sweep holds the lock: one that lives, or one of another machine, of which that cannot be known. */
export function requireNoSweep(path: string): void {
  const [sweep] = holdersOf(readLock(path) ?? '');
  if (sweep === undefined) return;
  const elsewhere = heldElsewhere(path, sweep);
  if (elsewhere !== undefined) throw new AudiosslError(`sweep: ${dirname(path)} is being worked on by ${elsewhere}`);
  if (isAlive(sweep))
    throw new AudiosslError(`sweep: ${dirname(path)} is being worked on by process ${sweep.pid}; wait for it, or stop it and run again`);
}

async function waitForEnd(
  children: readonly Holder[],
  { onWait, signal, waitMs }: { onWait?: (pids: number[]) => void; signal?: AbortSignal; waitMs: number },
): Promise<void> {
  let alive = children.filter(isAlive);
  if (alive.length > 0) onWait?.(alive.map(({ pid }) => pid));
  const start = performance.now();
  while (alive.length > 0) {
    signal?.throwIfAborted();
    if (performance.now() - start > waitMs) {
      const { pid, word } = alive[0];
      throw new AudiosslError(`sweep: run ${word} is still being written by process ${pid} of a killed sweep; stop it and run again`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    alive = alive.filter(isAlive);
  }
}

/** Nobody where the text is none of a lock's, as an earlier version left it when it was killed. */
function holdersOf(text: string): Holder[] {
  try {
    const holders: unknown = JSON.parse(text);
    return Array.isArray(holders) ? (holders as Holder[]) : [];
  } catch {
    return [];
  }
}

/** Whether the process lives and is still the one that was written down: numbers are given anew. */
function isAlive({ pid, word }: Holder): boolean {
  if (!hasProcess(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
  } catch {
    // No /proc on this system (or the process has just gone): alive as far as can be known.
    return process.platform !== 'linux';
  }
}
