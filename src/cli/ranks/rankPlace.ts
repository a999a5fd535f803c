import type { RankPlace } from '../../parallel/RankPlace.js';
import { UsageError } from '../../util/errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `--processes` puts into the environment of its processes. */
export const OWN_LAUNCHER = 'AUDIOSSL_LAUNCHER';

/**
 * Which rank this process is, as its launcher says in the environment: torchrun (and whatever sets RANK, WORLD_SIZE, MASTER_ADDR and
 * MASTER_PORT as it does), a step of Slurm (`srun`), or `--processes`. Undefined for one process alone. Throws UsageError where they are
 * no numbers, or only some of them are there.
 */
export function rankPlace(env: Environment): RankPlace | undefined {
  const place = env.RANK === undefined && env.WORLD_SIZE === undefined ? ofSlurm(env) : ofTorchrun(env);
  if (place === undefined || place.size === 1) return undefined;
  if (place.rank >= place.size) throw new UsageError(`ranks: the rank must be below the ${place.size} ranks, got ${place.rank}`);
  return place;
}

function ofTorchrun(env: Environment): RankPlace {
  const size = numberOf(env, 'WORLD_SIZE', 1);
  const rank = numberOf(env, 'RANK', 0);
  const host = env.MASTER_ADDR;
  if (size > 1 && !host)
    throw new UsageError('ranks: RANK and WORLD_SIZE are set and MASTER_ADDR is not; start by torchrun, or set all four');
  return {
    rank,
    size,
    localRank: numberOf(env, 'LOCAL_RANK', 0, rank),
    localSize: numberOf(env, 'LOCAL_WORLD_SIZE', 1, 1),
    host: host ?? '127.0.0.1',
    port: size > 1 ? numberOf(env, 'MASTER_PORT', 1) : 0,
    isStoreThere: env.TORCHELASTIC_USE_AGENT_STORE === 'True',
    restarts: numberOf(env, 'TORCHELASTIC_RESTART_COUNT', 0, 0),
    networkInterface: env.GLOO_SOCKET_IFNAME || undefined,
    launcher: env[OWN_LAUNCHER] === 'processes' ? 'processes' : 'torchrun',
  };
}

/** Only inside a step: the script of a job has Slurm's variables too, and is one process. */
function ofSlurm(env: Environment): RankPlace | undefined {
  if (env.SLURM_STEP_ID === undefined && env.SLURM_STEPID === undefined) return undefined;
  if (env.SLURM_PROCID === undefined) return undefined;
  const size = env.SLURM_STEP_NUM_TASKS === undefined ? numberOf(env, 'SLURM_NTASKS', 1) : numberOf(env, 'SLURM_STEP_NUM_TASKS', 1);
  const nodes = env.SLURM_STEP_NODELIST ?? env.SLURM_JOB_NODELIST ?? env.SLURM_NODELIST ?? '';
  const tasks = tasksOfNodes(env.SLURM_STEP_TASKS_PER_NODE ?? env.SLURM_TASKS_PER_NODE ?? String(size));
  return {
    rank: numberOf(env, 'SLURM_PROCID', 0),
    size,
    localRank: numberOf(env, 'SLURM_LOCALID', 0, 0),
    localSize: tasks[numberOf(env, 'SLURM_NODEID', 0, 0)] ?? 1,
    host: env.MASTER_ADDR ?? (tasks.length === 1 ? '127.0.0.1' : firstNode(nodes)),
    // Below the ports that systems give away by themselves, another one for each of the jobs that follow one another on a node.
    port: numberOf(env, 'MASTER_PORT', 1, 20_000 + (numberOf(env, 'SLURM_JOB_ID', 0, 0) % 12_000)),
    isStoreThere: false,
    restarts: numberOf(env, 'SLURM_RESTART_COUNT', 0, 0),
    networkInterface: env.GLOO_SOCKET_IFNAME || undefined,
    launcher: 'slurm',
  };
}

/** `node[003-005,8],other` -> node003 */
export function firstNode(nodes: string): string {
  const [, prefix, ranges, suffix] = /^([^,[]+)(?:\[([^\]]+)\]([^,]*))?/.exec(nodes) ?? [];
  if (prefix === undefined) {
    throw new UsageError('ranks: Slurm names no nodes (SLURM_JOB_NODELIST); set MASTER_ADDR to the machine of the first task');
  }
  return ranges === undefined ? prefix : `${prefix}${ranges.split(/[-,]/)[0]}${suffix}`;
}

/** `2(x3),1` -> 2, 2, 2, 1: tasks of each node. */
export function tasksOfNodes(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, tasks, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim()) ?? [];
    return tasks === undefined ? [] : new Array<number>(Number(times)).fill(Number(tasks));
  });
}

function numberOf(env: Environment, name: string, least: number, otherwise?: number): number {
  const text = env[name];
  if (text === undefined && otherwise !== undefined) return otherwise;
  const value = Number(text);
  if (text !== undefined && text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`ranks: ${name} must be a whole number of ${least} or more, got ${text ?? 'none'}; see how torchrun or srun set it`);
}
