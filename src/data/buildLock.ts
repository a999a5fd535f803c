import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AudiosslError } from '../util/errors.js';
import { hasProcess } from '../util/hasProcess.js';
import { heldElsewhere } from '../util/heldElsewhere.js';
import { createLock, readLock, removeStaleLock } from '../util/lockFile.js';
import { makeFolder } from '../util/makeFolder.js';
import { processStart } from '../util/processStart.js';

/**
 * Makes this process the only one that builds in `dir`, until the returned function is called. A lock left behind by a killed process
 * is taken over, also when another process has its number by now; that of another machine never is. `who` begins the error. Throws
 * AudiosslError while another process that is alive, or may be, holds it.
 */
export async function lockFolder(dir: string, who = 'buildFeatureStore'): Promise<() => Promise<void>> {
  await makeFolder(dir);
  const path = join(dir, 'lock');
  const own = `${process.pid}\n${processStart(process.pid) ?? ''}\n${hostname()}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (createLock(path, own)) return () => rm(path, { force: true });
    const text = readLock(path);
    if (text === undefined) continue;
    const [pid, start = '', host] = text.split('\n');
    const holder = Number(pid);
    const elsewhere = heldElsewhere(path, { pid: holder, host });
    if (elsewhere !== undefined) throw new AudiosslError(`${who}: ${dir} is being built by ${elsewhere}`);
    if (holder > 0 && isAlive(holder, start)) {
      throw new AudiosslError(`${who}: ${dir} is being built by process ${holder}; wait for it, or stop it and run again`);
    }
    removeStaleLock(path, text);
  }
  throw new AudiosslError(`${who}: ${path} is taken again and again by another process; run again later`);
}

/** Whether the process lives and is the one that wrote the lock, which another process with its number is not. */
function isAlive(pid: number, start: string): boolean {
  if (!hasProcess(pid)) return false;
  const now = processStart(pid);
  return start === '' || now === undefined || now === start;
}
