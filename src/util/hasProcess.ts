import { readFileSync } from 'node:fs';

/**
 * Whether a process has this number and is at work: one that has ended and that its parent has not asked after yet still has its number.
 * Whether it is still the one that is meant, `processStart` tells.
 */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false; // EPERM: of another user
  }
  return !isOver(pid);
}

/** The state behind the name in brackets: Z = zombie, X = dead. False where the system does not tell. */
function isOver(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
