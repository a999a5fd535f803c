#!/usr/bin/env node
// How long a run on ranks stands still when one is killed: from SIGKILL to the next step in the log, under torchrun, which starts all anew.
// ResNet-18 with the defaults, 64 pairs and one thread a rank.
//
//     npm run build && node test/bench/restart.mjs --torchrun VENV/bin/torchrun --features STORE [--times 3] [--ranks 2] [--pairs 64] [--set KEY=VALUE]...
//
// Prints a JSON line a time, in seconds since the kill: until all other ranks had ended (`allEnded`), until torchrun had started new ones
// (`started`), until rank 0 had taken the run up (`resumed`, the log's record `start`) and the step of the last checkpoint or epoch was
// followed by one more (`stepped`); and `step`, what a step takes, which the last of these contains. Needs an idle machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markedProcesses } from '../parallel/markedProcesses.mjs';

const { values: options } = parseArgs({
  options: {
    torchrun: { type: 'string' },
    features: { type: 'string' },
    times: { type: 'string', default: '3' },
    ranks: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '64' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'audiossl-restart-'));
const run = join(folder, 'run');
const mark = `AUDIOSSL_RESTART_BENCH=${folder}`;
const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));
const settings = [`train.batchSize=${Number(options.ranks) * Number(options.pairs)}`, ...options.set].flatMap((setting) => ['--set', setting]);
const audiossl = [process.execPath, main, 'pretrain', '--features', options.features, '--out', run, '--resume', ...settings];
const launcher = ['--standalone', '--nproc_per_node', options.ranks, '--max_restarts', options.times, '--no_python'];
const env = { ...process.env, AUDIOSSL_RESTART_BENCH: folder, OMP_NUM_THREADS: '1' };
const child = spawn(options.torchrun, [...launcher, ...audiossl], { env, stdio: ['ignore', 'ignore', 'pipe'] });
let stderr = '';
child.stderr.on('data', (data) => {
  stderr += data;
});

const ranks = (restart) => markedProcesses(mark).filter((process) => process.rank !== undefined && process.restart === String(restart));
const records = () => {
  try {
    const lines = readFileSync(join(run, 'log.jsonl'), 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  } catch {
    return [];
  }
};
/** Milliseconds of the clock when `isTrue` was first seen to be. */
async function when(isTrue) {
  while (!isTrue()) {
    if (child.exitCode !== null) throw new Error(stderr);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Date.now();
}
const at = (record) => Date.parse(record.time);
/** The records of the last start and of the steps behind it. */
function sinceStart() {
  const all = records();
  const start = all.findLastIndex(({ kind }) => kind === 'start');
  return { starts: all.filter(({ kind }) => kind === 'start').length, start: all[start], steps: all.slice(start + 1).filter(({ kind }) => kind === 'step') };
}

try {
  for (let time = 0; time < Number(options.times); time++) {
    await when(() => sinceStart().starts === time + 1 && sinceStart().steps.length >= 3);
    const { steps } = sinceStart();
    const killed = Date.now();
    process.kill(ranks(time).find(({ rank }) => rank === '1').pid, 'SIGKILL');
    const allEnded = await when(() => ranks(time).length === 0);
    const started = await when(() => ranks(time + 1).length > 0);
    await when(() => sinceStart().starts === time + 2 && sinceStart().steps.length > 0);
    const now = sinceStart();
    const seconds = (moment) => Number(((moment - killed) / 1000).toFixed(2));
    const moments = { allEnded: seconds(allEnded), started: seconds(started), resumed: seconds(at(now.start)), stepped: seconds(at(now.steps[0])) };
    console.log(JSON.stringify({ kind: 'restart', time: time + 1, ...moments, step: Number(((at(steps[2]) - at(steps[1])) / 1000).toFixed(2)) }));
  }
} finally {
  child.kill('SIGKILL'); // before its ranks, which it would start again
  for (const { pid } of markedProcesses(mark)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
