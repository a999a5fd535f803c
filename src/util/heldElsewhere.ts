import { hostname } from 'node:os';

/**
 * What to say of a lock that a process of another machine holds, on a disk that both share: whether that process lives cannot be asked from
 * here, so its lock is never taken over. Undefined for one of this machine.
 * @param host of the holder, as `hostname()` says; undefined in locks of earlier versions, which were of one machine
 */
export function heldElsewhere(path: string, { pid, host }: { pid: number; host?: string | undefined }): string | undefined {
  const here = hostname();
  if (host === undefined || host === '' || host === here) return undefined;
  return `process ${pid} of the machine ${host}, which cannot be asked from ${here} whether it lives; wait for it, or, where it has ended, delete ${path} and run again`;
}
