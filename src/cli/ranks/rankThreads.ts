import { availableParallelism } from 'node:os';
import type { RankPlace } from '../../parallel/RankPlace.js';

/**
 * Threads of one rank: what the command line says, else OMP_NUM_THREADS (torchrun sets it to 1 where nobody else has), else in a Slurm task
 * its processors, else an equal share of the machine. `note` is a line for the user where two of them differ or one was chosen for them.
 */
export function rankThreads(
  { launcher, localSize }: Pick<RankPlace, 'launcher' | 'localSize'>,
  { asked, env, cores = availableParallelism() }: { asked?: number; env: Readonly<Record<string, string | undefined>>; cores?: number },
): { threads: number; note?: string } {
  const text = env.OMP_NUM_THREADS;
  const given = text === undefined || !/^[1-9]\d*$/.test(text) ? undefined : Number(text);
  if (asked !== undefined) {
    const isOther = given !== undefined && given !== asked;
    return { threads: asked, ...(isOther && { note: `--threads ${asked} is taken, not OMP_NUM_THREADS=${given}` }) };
  }
  if (given !== undefined) {
    const whose = launcher === 'torchrun' ? ', which torchrun sets where nobody has' : '';
    return { threads: given, note: `${threadsOf(given)} a rank: OMP_NUM_THREADS=${given}${whose}; --threads takes others` };
  }
  if (launcher === 'slurm') {
    const cpus = Number(env.SLURM_CPUS_PER_TASK ?? 1);
    return { threads: cpus, ...(cpus === 1 && { note: '1 thread a rank, as Slurm gives; srun --cpus-per-task gives more' }) };
  }
  return { threads: Math.max(1, Math.floor(cores / localSize)) };
}

function threadsOf(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}
