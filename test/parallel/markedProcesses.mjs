import { readdirSync, readFileSync } from 'node:fs';

/** Processes that carry NAME=VALUE in their environment, with the rank that they are and the restart that made them: whoever their parent is now. */
export function markedProcesses(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const env = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        if (!env.includes(mark) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return [];
        const of = (name) => env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
        return [{ pid: Number(pid), rank: of('RANK'), restart: of('TORCHELASTIC_RESTART_COUNT') }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}
