#!/usr/bin/env node
// Memory of `audiossl embed` while it goes through one long recording. Needs `npm run build` and Linux; the recording, 16-bit noise at 48 kHz
// in two channels (691 MB an hour), is written to the system's folder for temporary files and removed.
//
//     node test/bench/embedMemory.mjs --hours 6 [embed's own options, such as --model RUN or --backend wasm]
//
// Prints what the kernel says of the process, threads and all, MiB: `peak` (VmHWM) is everything that was in memory at once, `anonymous`
// (RssAnon) the most that the process made itself, `file` (RssFile) pages of programs and libraries, which processes share and the kernel
// may drop; and the seconds of the processor.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wav } from '../support/wavFile.mjs';

const given = process.argv.slice(2);
const at = given.indexOf('--hours');
const hours = at < 0 ? 1 : Number(given.splice(at, 2)[1]);
const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'audiossl-memory-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const sampleRate = 48_000;
const numBytes = 4 * Math.round(hours * 3600 * sampleRate);
let state = 1;
const minute = wav(2 * 60 * sampleRate, () => ((state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5) / 2, sampleRate).subarray(44);
const head = wav(0, () => 0, sampleRate);
head.writeUInt32LE(36 + numBytes, 4);
head.writeUInt16LE(2, 22);
head.writeUInt32LE(4 * sampleRate, 28);
head.writeUInt16LE(4, 32);
head.writeUInt32LE(numBytes, 40);
const sound = join(work, 'long.wav');
const file = openSync(sound, 'w');
writeSync(file, head);
for (let left = numBytes; left > 0; left -= minute.length) writeSync(file, minute, 0, Math.min(left, minute.length));
closeSync(file);

const args = [main, 'embed', '--in', sound, '--out', join(work, 'rows.npz'), '--per', 'patch', '--json', ...given];
const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
child.stdout.on('data', (text) => (said += text));
const most = { peak: 0, anonymous: 0, file: 0, cpuSeconds: 0 };
const watch = setInterval(() => {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
    most.cpuSeconds = (user + system) / 100;
    for (const [key, name] of Object.entries({ peak: 'VmHWM', anonymous: 'RssAnon', file: 'RssFile' }))
      most[key] = Math.max(most[key], Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024));
  } catch {
    // It has just ended.
  }
}, 20);
const code = await new Promise((resolve) => child.on('close', resolve));
clearInterval(watch);
if (code !== 0) process.exit(1);
const { numRows, encoderBusy } = JSON.parse(said);
console.log(JSON.stringify({ hours, numRows, ...most, encoderBusy: Number(encoderBusy.toFixed(2)) }));
