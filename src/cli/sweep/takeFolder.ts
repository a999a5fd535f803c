import type { SweepFolder } from '../../sweep/sweepFolder.js';
import { lockSweep, type SweepLock } from '../../sweep/sweepLock.js';
import { say } from './say.js';

/** The lock of a sweep's folder; says for whom it waits. */
export function takeFolder(folder: SweepFolder, signal: AbortSignal): Promise<SweepLock> {
  return lockSweep(folder.lock, {
    signal,
    onWait: (pids) => say(`waiting for ${pids.join(', ')}, left by a killed sweep, to save and end`),
  });
}
