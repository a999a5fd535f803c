import { describe, expect, it } from 'vitest';
import { firstNode, rankPlace, tasksOfNodes } from '../../../src/cli/ranks/rankPlace.js';
import { rankThreads } from '../../../src/cli/ranks/rankThreads.js';

/** As torchrun 2.13 sets them, `--nnodes 2 --nproc-per-node 4`, second machine. */
const torchrun = {
  RANK: '5',
  LOCAL_RANK: '1',
  WORLD_SIZE: '8',
  LOCAL_WORLD_SIZE: '4',
  MASTER_ADDR: 'node1',
  MASTER_PORT: '41235',
  TORCHELASTIC_RESTART_COUNT: '2',
  TORCHELASTIC_USE_AGENT_STORE: 'True',
  TORCHELASTIC_RUN_ID: 'none',
  OMP_NUM_THREADS: '1',
};

/** As `srun --nodes 2 --ntasks-per-node 2` sets them (Slurm 22.05), third task. */
const slurm = {
  SLURM_JOB_ID: '71234',
  SLURM_STEP_ID: '0',
  SLURM_PROCID: '2',
  SLURM_LOCALID: '0',
  SLURM_NODEID: '1',
  SLURM_NTASKS: '4',
  SLURM_STEP_NUM_TASKS: '4',
  SLURM_STEP_TASKS_PER_NODE: '2(x2)',
  SLURM_STEP_NODELIST: 'cpu[07-08]',
};

describe('rankPlace', () => {
  it('reads what torchrun says', () => {
    expect(rankPlace(torchrun)).toEqual({
      ...{ rank: 5, size: 8, localRank: 1, localSize: 4, host: 'node1', port: 41235 },
      ...{ isStoreThere: true, restarts: 2, networkInterface: undefined, launcher: 'torchrun' },
    });
    expect(rankPlace({ ...torchrun, TORCHELASTIC_USE_AGENT_STORE: 'False', GLOO_SOCKET_IFNAME: 'eth1' })).toMatchObject({
      isStoreThere: false,
      networkInterface: 'eth1',
    });
  });

  it('reads what a step of Slurm says', () => {
    expect(rankPlace(slurm)).toEqual({
      ...{ rank: 2, size: 4, localRank: 0, localSize: 2, host: 'cpu07', port: 20_000 + (71234 % 12_000) },
      ...{ isStoreThere: false, restarts: 0, networkInterface: undefined, launcher: 'slurm' },
    });
    expect(rankPlace({ ...slurm, MASTER_ADDR: '10.0.0.7', MASTER_PORT: '1234' })).toMatchObject({ host: '10.0.0.7', port: 1234 });
    expect(rankPlace({ ...slurm, SLURM_STEP_TASKS_PER_NODE: '4', SLURM_NODEID: '0' })).toMatchObject({ host: '127.0.0.1', localSize: 4 });
  });

  it('is one process without a launcher, with one rank, and in the script of a job of Slurm', () => {
    expect(rankPlace({})).toBeUndefined();
    expect(rankPlace({ ...torchrun, RANK: '0', WORLD_SIZE: '1' })).toBeUndefined();
    const { SLURM_STEP_ID: _, ...script } = slurm;
    expect(rankPlace(script)).toBeUndefined();
  });

  it('refuses what is half there or no number', () => {
    const { MASTER_ADDR: _, ...noHost } = torchrun;
    expect(() => rankPlace(noHost)).toThrow(/RANK and WORLD_SIZE are set and MASTER_ADDR is not/);
    expect(() => rankPlace({ ...torchrun, MASTER_PORT: '' })).toThrow(/MASTER_PORT must be a whole number of 1 or more, got/);
    expect(() => rankPlace({ RANK: '1' })).toThrow(/WORLD_SIZE must be a whole number of 1 or more, got none/);
    expect(() => rankPlace({ ...torchrun, RANK: '8' })).toThrow(/the rank must be below the 8 ranks, got 8/);
    expect(() => rankPlace({ ...torchrun, WORLD_SIZE: '2.5' })).toThrow(/WORLD_SIZE .* got 2.5/);
    const { SLURM_STEP_NODELIST: __, ...noNodes } = slurm;
    expect(() => rankPlace(noNodes)).toThrow(/set MASTER_ADDR/);
  });

  it("reads Slurm's lists of nodes and tasks", () => {
    expect(['n1,n2', 'node[003-005,8],other', 'a[1-2]-ib,b', 'alone'].map(firstNode)).toEqual(['n1', 'node003', 'a1-ib', 'alone']);
    expect(tasksOfNodes('2(x3),1')).toEqual([2, 2, 2, 1]);
    expect(tasksOfNodes('16')).toEqual([16]);
  });
});

describe('rankThreads', () => {
  const of = (
    launcher: 'torchrun' | 'slurm' | 'processes',
    localSize: number,
    given: { asked?: number; env?: Record<string, string> } = {},
  ) => rankThreads({ launcher, localSize }, { env: {}, ...given, cores: 8 });

  it('takes what the command line says, and tells where that is not OMP_NUM_THREADS', () => {
    expect(of('torchrun', 2, { asked: 3, env: { OMP_NUM_THREADS: '1' } })).toEqual({
      threads: 3,
      note: '--threads 3 is taken, not OMP_NUM_THREADS=1',
    });
    expect(of('torchrun', 2, { asked: 1, env: { OMP_NUM_THREADS: '1' } })).toEqual({ threads: 1 });
  });

  it('respects OMP_NUM_THREADS and says so', () => {
    expect(of('torchrun', 2, { env: { OMP_NUM_THREADS: '1' } })).toEqual({
      threads: 1,
      note: '1 thread a rank: OMP_NUM_THREADS=1, which torchrun sets where nobody has; --threads takes others',
    });
    expect(of('slurm', 2, { env: { OMP_NUM_THREADS: '4', SLURM_CPUS_PER_TASK: '2' } }).threads).toBe(4);
  });

  it("shares the machine, or takes a task's processors", () => {
    expect(of('processes', 3)).toEqual({ threads: 2 });
    expect(of('processes', 16)).toEqual({ threads: 1 });
    expect(of('slurm', 2, { env: { SLURM_CPUS_PER_TASK: '6' } })).toEqual({ threads: 6 });
    expect(of('slurm', 2)).toEqual({ threads: 1, note: '1 thread a rank, as Slurm gives; srun --cpus-per-task gives more' });
  });
});
