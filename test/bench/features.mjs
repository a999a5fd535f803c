#!/usr/bin/env node
// From 16-bit WAV files to log-mel, against torchaudio and librosa: seconds of sound a second.
//
//     npm run build && PEER_PYTHON=/path/to/venv/bin/python node test/bench/features.mjs
//
// The same files of 30 s (22.05, 44.1, 48 and 44.101 kHz, noise and a tone, mono) for all. Ours is what a worker of `audiossl features` does with
// a file (read, decode, resample, normalise, log-mel, sums for the statistics); theirs is reading by soundfile, resampling by the library's own default
// (torchaudio: windowed sinc of width 6; librosa: soxr_hq), spectrogram, mel bank, logarithm. Alternates process by process, round after round,
// for each instruction set and number of threads; N threads are N processes with one thread each, started at the same moment, and their rates
// are added. Prints a JSON line a process, then medians, ranges and the ratio to the faster peer. Needs an otherwise idle machine; on a busy one the best
// processor time of a file, printed beside, still says something. Writes
// nothing but the files in the system's temporary folder, which it takes away again.
//
//     --rounds 3 --seconds 0.5        measured for each file and round
//     --threads 1 --threads 2         default: both
//     --isa avx512 --isa avx2         default: what the processor has, and avx2 where that is avx512
//     --rates 48000                   default: all four
//     --parts                         ours alone: where the time goes
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, table } from './features/table.mjs';
import { wavBytes } from './features/wavBytes.mjs';
import { heldTo, instructionSet } from './step/instructionSets.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '0.5' },
    threads: { type: 'string', multiple: true, default: ['1', '2'] },
    isa: { type: 'string', multiple: true, default: instructionSet() === 'avx512' ? ['avx512', 'avx2'] : [instructionSet()] },
    rates: { type: 'string', multiple: true, default: ['22050', '44100', '48000', '44101'] },
    parts: { type: 'boolean', default: false },
  },
});

const here = (name) => fileURLToPath(new URL(`./features/${name}`, import.meta.url));
// PEER_PYTHON may list several, with colons, as for step.mjs: the first that has both libraries.
const hasBoth = "import importlib.util as u, sys; sys.exit(not (u.find_spec('torchaudio') and u.find_spec('librosa')))";
const python = (process.env.PEER_PYTHON ?? '').split(':').find((path) => path !== '' && spawnSync(path, ['-c', hasBoth]).status === 0);
const contenders = [
  { name: 'audiossl', command: process.execPath, args: [here('ours.mjs')] },
  ...(python && !options.parts ? ['torchaudio', 'librosa'].map((name) => ({ name, command: python, args: [here('peer.py'), name] })) : []),
];
if (!python && !options.parts) console.error('PEER_PYTHON names no Python with torchaudio and librosa: ours alone');

/** One process that says when it is ready, waits for a line, works and prints JSON lines. */
function start({ command, args }, files, env) {
  const child = spawn(command, [...args, options.seconds, ...(options.parts ? ['--parts'] : []), ...files], { env: { ...process.env, ...env } });
  let out = '';
  let errors = '';
  let isReady;
  const ready = new Promise((resolve) => {
    isReady = resolve;
  });
  child.stdout.on('data', (data) => {
    out += data;
    if (out.includes('ready\n')) isReady();
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const lines = new Promise((resolve, reject) => {
    child.on('close', (code) => {
      isReady();
      if (code !== 0) reject(new Error(`${command} ${args.join(' ')} failed:\n${errors}`));
      else resolve(out.trim().split('\n').filter((line) => line.startsWith('{')).map(JSON.parse));
    });
  });
  return { ready, go: () => child.stdin.end('go\n'), lines };
}

async function runTogether(contender, threads, files, isa) {
  const single = Object.fromEntries(['OMP', 'MKL', 'OPENBLAS', 'NUMBA'].map((name) => [`${name}_NUM_THREADS`, '1']));
  const processes = Array.from({ length: threads }, () => start(contender, files, { ...single, ...heldTo(isa) }));
  await Promise.all(processes.map(({ ready }) => ready));
  for (const { go } of processes) go();
  const [first, ...others] = await Promise.all(processes.map(({ lines }) => lines));
  return first.map((line, i) => ({ ...line, rate: others.reduce((sum, lines) => sum + lines[i].rate, line.rate) }));
}

const folder = mkdtempSync(join(tmpdir(), 'audiossl-features-'));
try {
  const files = options.rates.map((rate) => {
    const file = join(folder, `${rate}.wav`);
    writeFileSync(file, wavBytes(Number(rate), 30));
    return file;
  });
  const records = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const isa of options.isa) {
      for (const threads of options.threads.map(Number)) {
        for (const contender of contenders) {
          for (const line of await runTogether(contender, threads, files, isa)) {
            const record = { name: contender.name, isa, threads, ...line };
            records.push(record);
            console.log(JSON.stringify(record));
          }
        }
      }
    }
  }
  console.log(table(records));
  if (options.parts) {
    for (const part of new Set(records.flatMap(({ parts = {} }) => Object.keys(parts)))) {
      const byRate = options.rates.map((rate) => median(records.filter((r) => r.sampleRate === Number(rate)).map((r) => r.parts[part])));
      console.log(`${part.padEnd(10)} ${byRate.map((ms, i) => `${options.rates[i]}: ${ms.toFixed(1)} ms`).join('   ')}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
