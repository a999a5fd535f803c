#!/usr/bin/env node
// `audiossl embed` of a folder of five-second clips, decoding included, against PyTorch with soundfile and a DataLoader (embed/torchEmbed.py):
// whole processes, from start to the file of embeddings, one after the other.
//
//     PEER_PYTHON=VENV/bin/python node test/bench/embed.mjs FOLDER_OF_RECORDINGS      # that PyTorch with librosa, soundfile and soxr
//
//     --clips 2000 --rounds 3 --workers 2 --threads N --variants channels-last --variants compile --variants eager --model random
//
// The folder's recordings are linked, in turn, until there are as many as --clips. Prints a JSON line a process, then medians, ranges and
// the ratios to the fastest variant. Memory is that of all processes together (proportional set size, looked at twice a second). Linux only;
// needs `npm run build` and an idle machine.
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './features/table.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clips: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(availableParallelism()) },
    variants: { type: 'string', multiple: true, default: ['channels-last', 'compile', 'eager'] },
    model: { type: 'string', default: 'random' },
  },
});
const [source] = positionals;
if (source === undefined) throw new Error('name a folder of recordings');
const peer = fileURLToPath(new URL('./embed/torchEmbed.py', import.meta.url));
const ours = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));

const work = mkdtempSync(join(tmpdir(), 'audiossl-embed-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
const folder = join(work, 'clips');
mkdirSync(folder);
const recordings = readdirSync(source).sort();
for (let i = 0; i < Number(options.clips); i++) {
  const from = resolve(source, recordings[i % recordings.length]);
  const to = join(folder, `${String(i).padStart(6, '0')}${extname(from)}`);
  try {
    linkSync(from, to);
  } catch {
    symlinkSync(from, to);
  }
}

/** MiB of a process and all below it, shared pages counted once (Pss); 0 when it has ended. */
function treeMiB(pid) {
  try {
    const own = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + treeMiB(child), own);
  } catch {
    return 0;
  }
}

/** Seconds of a program from its start to its end, the most memory that it was seen to hold, and of ours the share of the time in which the encoder was at work. */
async function measure(system, command, args) {
  const start = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, failed] = ['', ''];
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (failed += text));
  let peakMiB = 0;
  const watch = setInterval(() => (peakMiB = Math.max(peakMiB, treeMiB(child.pid))), 500);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${failed}`);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { encoderBusy } = args.includes('--json') ? JSON.parse(said) : {};
  return { system, seconds, peakMiB: Math.round(peakMiB), encoderBusy };
}

const systems = {
  audiossl: [process.execPath, (out) => [ours, 'embed', '--model', options.model, '--in', folder, '--out', out, '--backend', 'libtorch', '--threads', options.threads, '--json']],
};
for (const variant of process.env.PEER_PYTHON ? options.variants : []) {
  const shared = ['--variant', variant, '--threads', options.threads, '--workers', options.workers];
  systems[`PyTorch, ${variant}`] = [process.env.PEER_PYTHON, (out) => [peer, folder, out, ...shared]];
}

const results = [];
for (let round = 0; round < Number(options.rounds); round++) {
  for (const [system, [command, args]] of Object.entries(systems)) {
    const out = join(work, 'embeddings.npz');
    const result = await measure(system, command, args(out));
    rmSync(out);
    console.log(JSON.stringify({ round, clips: Number(options.clips), ...result }));
    results.push(result);
  }
}
const table = Object.keys(systems).map((system) => {
  const own = results.filter((result) => result.system === system);
  const seconds = own.map((result) => result.seconds);
  const peakMiB = Math.max(...own.map((result) => result.peakMiB));
  return { system, seconds: median(seconds), least: Math.min(...seconds), most: Math.max(...seconds), peakMiB };
});
for (const { system, seconds, least, most, peakMiB } of table) {
  console.log(`${system.padEnd(24)} ${seconds.toFixed(1)} s (${least.toFixed(1)} to ${most.toFixed(1)}), ${peakMiB} MiB`);
}
const [own, ...peers] = table;
if (peers.length > 0) {
  const best = peers.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  console.log(`${(best.seconds / own.seconds).toFixed(2)} x as fast as ${best.system}, ${(own.peakMiB / best.peakMiB).toFixed(2)} x its memory`);
}
