import { readFileSync } from 'node:fs';

/**
 * When a process began, in the words of its system: numbers of processes are given anew, a number and its start are not. Undefined where
 * the process is not there or the system does not tell (there is no /proc).
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold blanks and brackets; the 22nd field is the 20th behind it, in ticks since the system began.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`;
  } catch {
    return undefined;
  }
}
