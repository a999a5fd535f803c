#!/usr/bin/env node
// Several processes of one thread each against one of one thread: ResNet-18, ACL, SGD, 64 pairs of 101 x 96 a rank (weak scaling; with
// --strong 64 pairs in all), beside PyTorch's DistributedDataParallel on Gloo. Systems one after the other, so no two are timed at once.
//
//     npm run build && node test/bench/scaling.mjs [--ranks 2] [--pairs 64] [--steps 3] [--rounds 1] [--strong] [--only NAME]... [--log FILE]
//     PEER_PYTHON=/path/to/venv/bin/python node test/bench/scaling.mjs     # and that PyTorch; several: with colons between
//     node test/bench/scaling.mjs --gbit 1 --delay 0.2                     # as root: every rank in a network namespace of its own
//
// Systems: `one` process; `apart`, as many processes as ranks that know nothing of one another: what the machine itself allows (memory and
// caches are shared); `default`, ranks that compute what one process computes (negatives and batch norm over all); `bfloat16`, the same
// with gradients as bfloat16 between ranks; `local`, negatives and batch norm of each rank's own, as DDP has them; `ddp one`, `ddp`.
//
// --gbit and --delay (ms, one way) shape what each namespace sends; a kernel without netem adds no delay, which the lines then say.
// Prints a JSON line a run: patches/s of all ranks at the median step, its seconds, those of the processor that rank 0 used (all its threads,
// least of the steps: what being a rank costs, waiting aside, and the only figure that means something on a busy machine), those that rank 0 waited for others
// (statistics of batch norm, rows of z and h, sums of gradients), megabytes that it sent a step (in namespaces), its peak memory; efficiency
// is patches/s over ranks times those of one process, ofCeiling the same over those of `apart`, timesDdp over those of DDP: medians of the rounds, in
// the lines at the end. Needs an idle machine with as many cores as ranks.
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
    rounds: { type: 'string', default: '1' },
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

/** The record of rank 0 of a system; of processes apart, the first one's with the patches/s of all. */
async function run({ command, args, isAlone, isApart }, network) {
  const size = isAlone ? 1 : numRanks;
  const pairs = String(options.strong ? Math.floor(Number(options.pairs) / size) : Number(options.pairs));
  const areRanks = !isAlone && !isApart;
  const port = areRanks && !network ? await freePort() : '29500';
  const ends = Array.from({ length: size }, (_, rank) => {
    const place = areRanks ? network?.places[rank] : undefined;
    const own = [command, ...args, '--pairs', pairs, '--steps', options.steps];
    const [program, ...rest] = place ? ['ip', 'netns', 'exec', place.name, ...own] : own;
    const meeting = { RANK: String(rank), WORLD_SIZE: String(size), MASTER_ADDR: network?.places[0].address ?? '127.0.0.1', MASTER_PORT: port };
    const env = { ...process.env, OMP_NUM_THREADS: '1', ...(areRanks && meeting), ...(place && { GLOO_SOCKET_IFNAME: place.device }) };
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
  const records = (await Promise.all(ends)).filter(Boolean).map((text) => JSON.parse(text.trim().split('\n').at(-1)));
  if (!isApart) return records[0];
  const all = records.reduce((sum, { patchesPerSecond }) => sum + patchesPerSecond, 0);
  return { ...records[0], ranks: size, patchesPerSecond: Number(all.toFixed(1)) };
}

const node = (name, how, more) => ({ name, command: process.execPath, args: how ? [ours, '--how', how] : [ours], ...more });
const torch = (name, command, more) => ({ name: pythons.length > 1 ? `${name} ${command}` : name, command, args: [ddp], peer: command, ...more });
const systems = [
  node('one', undefined, { isAlone: true }),
  node('apart', undefined, { isApart: true }),
  ...['default', 'bfloat16', 'local'].map((how) => node(how, how)),
  ...pythons.flatMap((python) => [torch('ddp one', python, { isAlone: true }), torch('ddp', python)]),
].filter(({ name }) => options.only === undefined || options.only.includes(name));

function say(record) {
  const line = JSON.stringify(record);
  console.log(line);
  if (options.log) appendFileSync(options.log, `${line}\n`);
}
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const share = (a, b) => (b === undefined ? undefined : Number((a / b).toFixed(3)));

const network = options.gbit === undefined ? undefined : namespaces(numRanks, { gbit: Number(options.gbit), delay: Number(options.delay ?? 0) });
try {
  const setting = { strong: options.strong, ...(network && { gbit: Number(options.gbit), delayMs: network.delay }) };
  const speeds = new Map(systems.map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const system of systems) {
      const record = await run(system, network);
      speeds.get(system.name).push(record.patchesPerSecond);
      say({ kind: 'scaling', system: system.name, round, ...setting, ...record });
    }
  }
  const speedOf = (name) => (speeds.has(name) ? median(speeds.get(name)) : undefined);
  for (const { name, peer, isAlone, isApart } of systems) {
    const speed = speedOf(name);
    const alone = peer ? systems.find((other) => other.peer === peer && other.isAlone)?.name : 'one';
    const ddps = systems.filter((other) => other.peer && Boolean(other.isAlone) === Boolean(isAlone)).map((other) => speedOf(other.name));
    say({
      ...{ kind: 'summary', system: name, ...setting, patchesPerSecond: speed, spread: [Math.min(...speeds.get(name)), Math.max(...speeds.get(name))] },
      ...(!isAlone && { efficiency: share(speed / numRanks, speedOf(alone)) }),
      ...(!isAlone && !isApart && !peer && { ofCeiling: share(speed, speedOf('apart')) }),
      ...(!peer && !isApart && ddps.length > 0 && { timesDdp: share(speed, Math.max(...ddps)) }),
    });
  }
} finally {
  network?.remove();
}
