#!/usr/bin/env node
// Several processes of one thread each against one of one thread: ResNet-18, ACL, SGD, 64 pairs of 101 x 96 a rank (weak scaling; with
// --strong 64 pairs in all), beside PyTorch's DistributedDataParallel on Gloo. Processes one after the other, so no two are timed at once.
//
//     npm run build && node test/bench/scaling.mjs [--ranks 2] [--pairs 64] [--steps 3] [--strong] [--log FILE]
//     PEER_PYTHON=/path/to/venv/bin/python node test/bench/scaling.mjs     # and that PyTorch; several: with colons between
//     node test/bench/scaling.mjs --gbit 1 --delay 0.2                     # as root: every rank in a network namespace of its own
//
// --gbit and --delay (ms, one way; needs the kernel's netem) shape what each namespace sends. `default` is what one process computes:
// negatives and batch norm over all ranks; `local` leaves both to each rank, as DDP does. Prints a JSON line a system: patches/s of all
// ranks at the median step, seconds of it, seconds waited for gradients at its end, megabytes that rank 0 sent a step (in namespaces),
// peak memory of a rank; efficiency is patches/s over ranks times those of one process. Needs an idle machine with as many cores as ranks.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { namespaces } from './scaling/namespaces.mjs';

const { values: options } = parseArgs({
  options: {
    ranks: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '64' },
    steps: { type: 'string', default: '3' },
    strong: { type: 'boolean', default: false },
    gbit: { type: 'string' },
    delay: { type: 'string' },
    only: { type: 'string', multiple: true },
    log: { type: 'string' },
  },
});
const numRanks = Number(options.ranks);
const ours = fileURLToPath(new URL('./scaling/ours.mjs', import.meta.url));
const ddp = fileURLToPath(new URL('./scaling/torchDdp.py', import.meta.url));
const pythons = (process.env.PEER_PYTHON ?? '').split(':').filter(Boolean);

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(String(port)));
    });
  });
}

/** The JSON line of rank 0 of `size` processes of a program. */
async function run(command, args, size, network) {
  const pairs = String(options.strong ? Math.floor(Number(options.pairs) / size) : Number(options.pairs));
  const port = network ? '29500' : await freePort();
  const ends = Array.from({ length: size }, (_, rank) => {
    const place = network?.[rank];
    const own = [command, ...args, '--pairs', pairs, '--steps', options.steps];
    const [program, ...rest] = place ? ['ip', 'netns', 'exec', place.name, ...own] : own;
    const env = {
      ...process.env,
      ...{ OMP_NUM_THREADS: '1', RANK: String(rank), WORLD_SIZE: String(size), MASTER_ADDR: network?.[0].address ?? '127.0.0.1', MASTER_PORT: port },
      ...(place && { GLOO_SOCKET_IFNAME: place.device }),
    };
    return new Promise((resolve, reject) => {
      const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (data) => {
        text += data;
      });
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${own.join(' ')}: rank ${rank} ended with ${code}`))));
    });
  });
  const [first] = await Promise.all(ends);
  return JSON.parse(first.trim().split('\n').at(-1));
}

const systems = [
  { name: 'one', command: process.execPath, args: [ours] },
  { name: 'default', command: process.execPath, args: [ours, '--how', 'default'] },
  { name: 'local', command: process.execPath, args: [ours, '--how', 'local'] },
  ...pythons.flatMap((python) => [
    { name: 'ddp one', command: python, args: [ddp] },
    { name: 'ddp', command: python, args: [ddp] },
  ]),
].filter(({ name }) => options.only === undefined || options.only.includes(name));

const network = options.gbit === undefined ? undefined : namespaces(numRanks, { gbit: Number(options.gbit), delay: Number(options.delay ?? 0) });
try {
  let alone;
  for (const { name, command, args } of systems) {
    const isOne = name.endsWith('one');
    const record = await run(command, args, isOne ? 1 : numRanks, isOne ? undefined : network?.places);
    if (isOne) alone = record;
    const efficiency = alone && !isOne ? { efficiency: Number((record.patchesPerSecond / (record.ranks * alone.patchesPerSecond)).toFixed(3)) } : {};
    const line = JSON.stringify({ kind: 'scaling', system: name, strong: options.strong, ...(network && { gbit: options.gbit, delay: options.delay }), ...record, ...efficiency });
    console.log(line);
    if (options.log) appendFileSync(options.log, `${line}\n`);
  }
} finally {
  network?.remove();
}
