#!/usr/bin/env node
// `audiossl embed` of very many short files: what grows with their number. The model has no weights (means and deviations of the bands), so
// that what is timed is everything else: listing, decoding, journal, writing. Needs `npm run build`, Linux and an idle machine.
//
//     node test/bench/manyFiles.mjs --files 100000 --format npz
//
// The files are different recordings of 1.1 s (48 KB each, in the system's folder for temporary files). Prints seconds, seconds of the processor
// and the peak of the resident memory (MiB, threads and all) of: one file, so the time of listing and starting; one file of a manifest of as
// many lines; all files; half of them, where the run is killed; the rest, by the same command; 1 % more by --add.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { resolveFrontEnd } from '../../dist/audio/frontEnd.js';
import { saveCheckpoint } from '../../dist/model/checkpoint.js';
import { wav } from '../support/wavFile.mjs';

const { values: options } = parseArgs({
  options: { files: { type: 'string', default: '100000' }, format: { type: 'string', default: 'npz' } },
});
const numFiles = Number(options.files);
const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'audiossl-many-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const sounds = Array.from({ length: 10 }, (_, i) => wav(Math.round(1.1 * 22050), (n) => 0.5 * Math.sin(n * (0.05 + 0.01 * i))));
const clips = join(work, 'clips');
const place = (i) => join(clips, String(Math.floor(i / 1000)).padStart(4, '0'), `recording-${String(i).padStart(7, '0')}.wav`);
function write(from, to) {
  for (let i = from; i < to; i++) {
    if (i % 1000 === 0 || i === from) mkdirSync(join(place(i), '..'), { recursive: true });
    const sound = sounds[i % sounds.length];
    // Its own number in the middle, as samples: no two have one log-mel.
    for (let digit = 0; digit < 8; digit++) sound.writeInt16LE(4000 * (Math.floor(i / 8 ** digit) % 8), 20_000 + 600 * digit);
    writeFileSync(place(i), sound);
  }
}
write(0, numFiles);
const manifest = join(work, 'manifest.txt');
writeFileSync(manifest, `${Array.from({ length: numFiles }, (_, i) => place(i)).join('\n')}\n`);
const model = join(work, 'model.safetensors');
await saveCheckpoint(model, {
  metadata: {
    ...{ schemaVersion: 1, step: 0, epoch: 0, position: { epoch: 0, batch: 0 }, encoder: { name: 'logMelStatistics' } },
    ...{ projectionHead: null, frontEnd: { ...resolveFrontEnd({ preset: 'acl' }) }, patchFrames: 101, patchHop: 50 },
    ...{ standardisation: { mean: [0], standardDeviation: [1] }, classNames: [], config: {}, versions: {}, monitor: {} },
  },
  tensors: new Map(),
});

/** Runs `embed`; `stopAt(out)` true kills it. */
async function embed(what, args, { stopAt = () => false } = {}) {
  const start = performance.now();
  const child = spawn(process.execPath, [main, 'embed', '--model', model, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [said, failed] = ['', ''];
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (failed += text));
  let [peakMiB, cpuSeconds] = [0, 0];
  let isKilled = false;
  const watch = setInterval(() => {
    try {
      peakMiB = Math.max(peakMiB, Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024);
      const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
      cpuSeconds = (user + system) / 100;
      if (!isKilled && stopAt()) isKilled = child.kill('SIGKILL');
    } catch {
      // It has just ended, or has not begun.
    }
  }, 50);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  if (code !== 0 && !isKilled) throw new Error(failed);
  const { numEmbedded, numResumed, numKept, encoderBusy } = isKilled ? {} : JSON.parse(said);
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  console.log(JSON.stringify({ what, seconds, cpuSeconds, peakMiB: Math.round(peakMiB), numEmbedded, numResumed, numKept, encoderBusy }));
  return seconds;
}

const out = (name) => join(work, `${name}.${options.format}`);
const rowBytes = 4 * 192;
await embed('one of a folder', ['--in', clips, '--out', out('one'), '--shard', `1/${numFiles}`]);
await embed('one of a manifest', ['--in', manifest, '--out', out('two'), '--shard', `1/${numFiles}`]);
await embed('all', ['--in', clips, '--out', out('all')]);
const half = () => statSync(`${out('killed')}.partial/rows.f32`).size > (numFiles / 2) * rowBytes;
await embed('half, then killed', ['--in', clips, '--out', out('killed')], { stopAt: half });
await embed('the rest', ['--in', clips, '--out', out('killed')]);
if (!readFileSync(out('killed')).equals(readFileSync(out('all')))) throw new Error('the resumed file differs');
if (options.format === 'npz' || options.format === 'npy') {
  write(numFiles, Math.ceil(1.01 * numFiles));
  await embed('1 % more', ['--in', clips, '--out', out('all'), '--add']);
}
