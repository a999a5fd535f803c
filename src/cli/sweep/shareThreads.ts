import { availableParallelism } from 'node:os';

/** How many runs go at once, and how many threads each has: `threads` in all, shared out evenly, at least one a run. */
export function shareThreads({ jobs, threads: all = availableParallelism() }: { jobs: number; threads?: number | undefined }): {
  jobs: number;
  /** Of each run. */
  threads: number;
  /** Where it is fewer runs than asked for. */
  note?: string;
} {
  const numAtOnce = Math.min(jobs, all);
  const threads = Math.floor(all / numAtOnce);
  if (numAtOnce === jobs) return { jobs, threads };
  const runs = numAtOnce === 1 ? '1 run' : `${numAtOnce} runs`;
  const shared = all === 1 ? '1 thread' : `${all} threads`;
  const note = `${runs} at once, not ${jobs}: all runs together have ${shared} (--threads), and each needs one of its own; pass --threads ${jobs} or more`;
  return { jobs: numAtOnce, threads, note };
}
