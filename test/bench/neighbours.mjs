#!/usr/bin/env node
// The training step on a machine that does something else too: with 0, 1 and 2 processes beside it that only count, ours and PyTorch's.
//
//     npm run build && PEER_PYTHON=/path/to/venv/bin/python node test/bench/neighbours.mjs
//
// The fair share of t threads beside n counting processes on c cores is that of t of t + n threads: c t / (t + n) cores, if that is less than the
// min(t, c) they use alone. Prints a JSON line a process, then the median rate of each, and what share of the fair rate it is. Alternates
// process by process. Needs an otherwise idle machine.
//
//     --rounds 3 --steps 7 --pairs 32 --threads N --neighbours 0 --neighbours 1 --neighbours 2
//     --peers TEXT                    only peers whose name contains it; `--peers none` runs ours alone
//     --with NAME=VALUE               ours once more with an environment variable set, GOMP_SPINCOUNT=0 for example; several
import { spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './features/table.mjs';
import { findPeers } from './step/peers.mjs';

const cores = availableParallelism();
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '7' },
    pairs: { type: 'string', default: '32' },
    threads: { type: 'string', default: String(cores) },
    neighbours: { type: 'string', multiple: true, default: ['0', '1', '2'] },
    peers: { type: 'string', default: '' },
    with: { type: 'string', multiple: true, default: [] },
  },
});

const shared = ['--pairs', options.pairs, '--steps', options.steps, '--threads', options.threads, '--mode', 'fp32'];
const ours = { command: process.execPath, args: [fileURLToPath(new URL('./step/ours.mjs', import.meta.url)), ...shared], env: {} };
const contenders = [
  { name: 'audiossl', ...ours },
  ...options.with.map((setting) => ({ name: `audiossl, ${setting}`, ...ours, env: Object.fromEntries([setting.split("=")]) })),
  ...findPeers(options.peers).map(({ name, python, script, variant, env }) => ({
    name,
    command: python,
    args: [script, ...shared, '--variant', variant],
    env,
  })),
];

/** Share of the cores that a fair scheduler gives, of what it gives alone. */
function fairShare(neighbours) {
  const threads = Number(options.threads);
  return Math.min(1, (cores * threads) / (threads + neighbours) / Math.min(threads, cores));
}

function withNeighbours(count, work) {
  const busy = Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  try {
    return work();
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }
}

const records = [];
for (let round = 0; round < Number(options.rounds); round++) {
  for (const neighbours of options.neighbours.map(Number)) {
    for (const { name, command, args, env } of contenders) {
      const result = withNeighbours(neighbours, () => spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } }));
      if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${result.stderr}${result.stdout}`);
      const { trainPatchesPerSecond, embedPatchesPerSecond } = JSON.parse(result.stdout.trim().split('\n').at(-1));
      const record = { name, neighbours, trainPatchesPerSecond, embedPatchesPerSecond };
      records.push(record);
      console.log(JSON.stringify(record));
    }
  }
}

for (const { name } of contenders) {
  for (const key of ['trainPatchesPerSecond', 'embedPatchesPerSecond']) {
    const rateWith = (neighbours) => median(records.filter((r) => r.name === name && r.neighbours === neighbours).map((r) => r[key]));
    const counts = options.neighbours.map(Number);
    const alone = counts.includes(0) ? rateWith(0) : undefined;
    const parts = counts.map((count) => {
      const rate = rateWith(count);
      const share = alone && count > 0 ? ` = ${(rate / (alone * fairShare(count))).toFixed(2)} of the fair share` : '';
      return `${count} beside: ${rate.toFixed(1)}${share}`;
    });
    console.log(`${name}, ${key}: ${parts.join('   ')}`);
  }
}
