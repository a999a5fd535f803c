import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { shareThreads } from '../../src/cli/sweep/shareThreads.js';

describe('shareThreads', () => {
  it('shares the threads out evenly, at least one a run', () => {
    expect(shareThreads({ jobs: 1, threads: 8 })).toEqual({ jobs: 1, threads: 8 });
    expect(shareThreads({ jobs: 3, threads: 8 })).toEqual({ jobs: 3, threads: 2 });
    expect(shareThreads({ jobs: 2, threads: 2 })).toEqual({ jobs: 2, threads: 1 });
    expect(shareThreads({ jobs: 1 })).toEqual({ jobs: 1, threads: availableParallelism() });
  });

  it('says how many runs go at once where the threads are fewer', () => {
    expect(shareThreads({ jobs: 2, threads: 1 })).toEqual({
      jobs: 1,
      threads: 1,
      note: '1 run at once, not 2: all runs together have 1 thread (--threads), and each needs one of its own; pass --threads 2 or more',
    });
    expect(shareThreads({ jobs: 5, threads: 3 })).toMatchObject({
      jobs: 3,
      threads: 1,
      note: expect.stringMatching(/^3 runs at once, not 5: .* 3 threads/),
    });
  });
});
