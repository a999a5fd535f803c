#!/usr/bin/env node
// Kills ranks of a run at random moments and takes the run up again, until it is done; then asks whether it is the run that nobody disturbed,
// bit for bit. Not part of the suite: some minutes. `npm run build && node test/parallel/killRanks.mjs [--times 20] [--seed 1] [--hang] [--set KEY=VALUE]...`
//
// Each time one of three is sent SIGKILL: a rank, rank 0 (the store is in it), the process that started them. With --hang a rank is stopped
// (SIGSTOP) instead, and the others must give up within --timeout. After each all processes of the run must be gone, and no half file left.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wav } from '../support/wavFile.mjs';
import { markedProcesses } from './markedProcesses.mjs';

const { values: options } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    ranks: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '20' },
    epochs: { type: 'string', default: '30' },
    hang: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const times = Number(options.times);
const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'audiossl-kill-'));
const settings = [
  ...['encoder.name=vgg', 'frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16'],
  ...['train.batchSize=9', `train.epochs=${options.epochs}`, 'train.checkpointSeconds=0.000001', 'loss.name=ntXent'],
  ...options.set,
].flatMap((setting) => ['--set', setting]);

let state = Number(options.seed) >>> 0;
/** A linear congruential generator: the moments are the same for one seed. */
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

/** A tone with a little noise. */
const tone = (hertz, seconds) =>
  wav(Math.round(22_050 * seconds), (i) => 0.27 * Math.sin((2 * Math.PI * hertz * i) / 22_050) + 0.015 * (random() - 0.5));

const command = (run) => ['pretrain', '--features', join(folder, 'store'), '--out', join(folder, run), ...settings];

function start(run) {
  const args = [main, ...command(run), '--processes', options.ranks, '--timeout', options.timeout, '--threads', '1', '--resume'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, AUDIOSSL_KILL_TEST: folder } });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal, text: () => stderr })));
  return { child, ended };
}

/** Those of the run. */
const processes = () => markedProcesses(`AUDIOSSL_KILL_TEST=${folder}`);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
async function until(isTrue, seconds) {
  const since = performance.now();
  while (!isTrue()) {
    if (performance.now() - since > 1000 * seconds) return undefined;
    await sleep(50);
  }
  return (performance.now() - since) / 1000;
}

const logOf = (run) => {
  try {
    return readFileSync(join(folder, run, 'log.jsonl'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)); // biome-ignore format: one line
  } catch {
    return [];
  }
};
const stepsOf = (run) => logOf(run).filter(({ kind }) => kind === 'step').length;
const curveOf = (run) =>
  logOf(run)
    .filter(({ kind }) => ['step', 'epoch', 'monitor'].includes(kind))
    // A log that was read again has its keys in another order.
    .map(({ time, seconds, patchesPerSecond, ranksWaitedSeconds, ...rest }) => JSON.stringify(Object.entries(rest).sort()))
    .join('\n');
const tensorsOf = (run) => {
  const file = readFileSync(join(folder, run, 'checkpoints/last.safetensors'));
  return file.subarray(8 + Number(file.readBigUInt64LE(0))).toString('base64');
};
const say = (record) => console.log(JSON.stringify(record));
const problems = [];

try {
  const tones = join(folder, 'tones');
  spawnSync('mkdir', [tones]);
  for (let i = 0; i < 28; i++) writeFileSync(join(tones, `${i + 10}.wav`), tone(200 + 150 * i, 0.5 + 0.02 * i));
  const made = spawnSync(process.execPath, [main, 'features', '--data', tones, '--out', join(folder, 'store'), ...settings.slice(2, 6)], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  const whole = await start('whole').ended;
  if (whole.code !== 0) throw new Error(`the undisturbed run failed: ${whole.text()}`);
  const total = stepsOf('whole');
  for (let time = 0; time < times && stepsOf('broken') < total; time++) {
    const before = stepsOf('broken');
    const { child, ended } = start('broken');
    // From the first moments of a start to some steps behind it.
    const wanted = before + Math.floor(random() * 4);
    const early = random() < 0.2;
    if (early) await sleep(3000 * random());
    else await until(() => stepsOf('broken') > wanted || child.exitCode !== null, 120);
    await sleep(60 * random());
    const found = processes();
    const kind = ['rank', 'rank 0', 'parent'][Math.floor(random() * (options.hang ? 2 : 3))];
    const rank = kind === 'rank 0' ? '0' : String(1 + Math.floor(random() * (Number(options.ranks) - 1)));
    const victim = kind === 'parent' ? child.pid : found.find((other) => other.rank === rank)?.pid;
    if (victim !== undefined && child.exitCode === null) {
      try {
        process.kill(victim, options.hang ? 'SIGSTOP' : 'SIGKILL');
      } catch {
        // It was done before.
      }
    }
    // All others stop; a rank that hangs is ended by the process that started it, once another has given up.
    const gone = await until(() => processes().length === 0, Number(options.timeout) + 30);
    const { code, signal, text } = await ended;
    const left = readdirSync(join(folder, 'broken/checkpoints'), { recursive: true }).filter((name) => !/^(best|last)\.safetensors$/.test(name));
    say({ time: time + 1, killed: kind, at: early ? 'start' : `step ${stepsOf('broken')}`, code, signal, allGoneSeconds: gone, left });
    if (gone === undefined) problems.push(`kill ${time + 1}: processes left: ${JSON.stringify(processes())}`);
    if (code === 0 && stepsOf('broken') < total) problems.push(`kill ${time + 1}: said to be done and is not: ${text()}`);
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
  }
  const last = await start('broken').ended;
  if (last.code !== 0) problems.push(`the last start failed: ${last.text()}`);
  const halves = readdirSync(join(folder, 'broken/checkpoints')).filter((name) => !/^(best|last)\.safetensors$/.test(name));
  if (halves.length > 0) problems.push(`half files: ${halves.join(' ')}`);
  if (curveOf('broken') !== curveOf('whole')) problems.push('losses and looks are not those of the undisturbed run');
  if (tensorsOf('broken') !== tensorsOf('whole')) problems.push('the tensors of the last checkpoint are not those of the undisturbed run');
  say({ steps: total, kills: times, problems });
} finally {
  for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(problems.length > 0 ? 1 : 0);
