/**
 * Speed of the way from bytes to log-mel frames, in seconds of sound a second on one core; JSON lines, no assertions.
 * `npm run build && node test/bench/features.mjs [rounds]`. The signal is noise and tones, so nothing is cheap by chance.
 * Wall time means something on an idle machine only; `cpuSeconds` (all threads of the process) says more on a busy one.
 * `kind: features` is the whole way (decode, mix down, resample, normalise, log-mel); the parts follow.
 */
import { clipLogMel } from '../../dist/audio/clipLogMel.js';
import { decodeAudio } from '../../dist/audio/decodeAudio.js';
import { resolveFrontEnd } from '../../dist/audio/frontEnd.js';
import { logMel } from '../../dist/audio/logMel.js';
import { resample } from '../../dist/audio/resample.js';

const rounds = Number(process.argv[2] ?? 5);
const seconds = 30;
const frontEnd = resolveFrontEnd();

/** 16-bit mono WAV of `seconds` of sound. */
function wavBytes(sampleRate) {
  const numSamples = seconds * sampleRate;
  const bytes = new Uint8Array(44 + 2 * numSamples);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from('RIFF....WAVEfmt ........................data....'));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(Buffer.from('data'), 36);
  view.setUint32(40, 2 * numSamples, true);
  let state = 12345;
  for (let i = 0; i < numSamples; i++) {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const sample = 0.5 * Math.sin((2 * Math.PI * 440 * i) / sampleRate) + 0.2 * (state / 2 ** 31 - 1);
    view.setInt16(44 + 2 * i, Math.round(20000 * sample), true);
  }
  return bytes;
}

async function measure(record, work) {
  await work();
  const times = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    times.push((performance.now() - start) / 1000);
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuSeconds = (user + system) / 1e6 / rounds;
  times.sort((a, b) => a - b);
  const median = times[rounds >> 1];
  console.log(JSON.stringify({ ...record, seconds, rounds, medianSeconds: median, cpuSeconds, timesRealTime: seconds / median, timesRealTimeCpu: seconds / cpuSeconds }));
}

for (const sampleRate of [22_050, 44_100, 48_000, 44_101]) {
  const bytes = wavBytes(sampleRate);
  const decoded = await decodeAudio(bytes);
  const resampled = resample(decoded.channels[0], { from: sampleRate, to: frontEnd.sampleRate });
  await measure({ kind: 'features', sampleRate }, async () => clipLogMel(await decodeAudio(bytes), frontEnd));
  await measure({ kind: 'decode', sampleRate }, () => decodeAudio(bytes));
  if (sampleRate !== frontEnd.sampleRate)
    await measure({ kind: 'resample', sampleRate }, () => resample(decoded.channels[0], { from: sampleRate, to: frontEnd.sampleRate }));
  else await measure({ kind: 'logMel', sampleRate }, () => logMel(resampled, frontEnd));
}
