/**
 * Feeds mutated recordings and tables to every decoder and to the reader of tables, in a worker thread under a watchdog:
 * `npm run build && node test/fuzz/run.mjs FOLDER [--inputs 100000] [--seed 1]`, FOLDER holding recordings of every format to start from.
 * Prints one JSON line. Exits with 1 where an input hangs for more than 2 s, throws anything but an AudiosslError of one line, gives samples
 * that make no sense or kills the thread; memory is given at a tenth of the way and at the end.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { attemptAudio, attemptTable } from './attempt.mjs';
import { dice, mutate } from './mutate.mjs';
import { tables } from './tables.mjs';

const maxSeconds = 2;
/** Longer recordings are cut to this, so that 10^5 of them take minutes. */
const maxSeedBytes = 16_384;

if (isMainThread) await watch();
else await work(workerData);

async function watch() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  });
  const [folder] = positionals;
  const total = Number(values.inputs);
  const counts = { decoded: 0, refused: 0 };
  const failures = [];
  let slowest = { seconds: 0, index: -1 };
  let earlyMiB;
  let lateMiB;
  for (let next = 0; next < total; ) {
    // A new thread after each input that did not come back.
    next = await new Promise((resolve) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { folder, first: next, total, seed: Number(values.seed) } });
      let current = next;
      let watchdog;
      const give = (why) => {
        clearTimeout(watchdog);
        if (why !== undefined) failures.push({ index: current, why });
        worker.removeAllListeners();
        worker.terminate().then(() => resolve(why === undefined ? total : current + 1));
      };
      const arm = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => give('hangs'), 30_000);
      };
      arm();
      worker.on('error', (error) => give(`killed the thread: ${error.message}`));
      worker.on('exit', (code) => give(code === 0 ? undefined : `exit ${code}`));
      worker.on('message', ({ index, outcome, cpuSeconds, why, residentMiB }) => {
        current = index + 1;
        arm();
        if (outcome !== undefined) counts[outcome]++;
        else failures.push({ index, why });
        if (cpuSeconds > slowest.seconds) slowest = { seconds: cpuSeconds, index };
        if (residentMiB === undefined) return;
        lateMiB = residentMiB;
        if (index >= total / 10) earlyMiB ??= residentMiB;
      });
    });
  }
  const isFailed = failures.length > 0 || slowest.seconds > maxSeconds;
  console.log(JSON.stringify({ kind: 'fuzz', total, seed: Number(values.seed), ...counts, slowest, earlyMiB, lateMiB, failures: failures.slice(0, 10) }));
  process.exitCode = isFailed ? 1 : 0;
}

async function work({ folder, first, total, seed }) {
  const dist = new URL('../../dist/', import.meta.url);
  const [{ decodeAudio }, { readTable }, { AudiosslError }] = await Promise.all(
    ['audio/decodeAudio.js', 'data/readTable.js', 'util/errors.js'].map((name) => import(fileURLToPath(new URL(name, dist)))),
  );
  const modules = { decodeAudio, readTable, AudiosslError };
  const seeds = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .filter((name) => statSync(join(folder, name)).isFile() && !/^\.(csv|txt|md)$/.test(extname(name)))
    .map((name) => readFileSync(join(folder, name)).subarray(0, maxSeedBytes));
  const table = join(tmpdir(), `audiossl-fuzz-${process.pid}.csv`);
  for (let index = first; index < total; index++) {
    // Each input has its own dice: any of them can be made again.
    const roll = dice(seed * 1_000_003 + index);
    for (let i = 0; i < 3; i++) roll(2);
    const isTable = roll(10) === 0;
    const from = isTable ? tables : seeds;
    const bytes = mutate(from[roll(from.length)], roll, from);
    const start = process.cpuUsage();
    const message = { index };
    try {
      if (isTable) {
        writeFileSync(table, bytes);
        message.outcome = await attemptTable(table, modules);
      } else message.outcome = await attemptAudio(bytes, roll(2) === 1, modules);
    } catch (error) {
      message.why = String(error?.stack ?? error).split('\n').slice(0, 3).join(' | ');
    }
    const { user, system } = process.cpuUsage(start);
    message.cpuSeconds = (user + system) / 1e6;
    if (index % 1000 === 0) message.residentMiB = Math.round(process.memoryUsage().rss / 2 ** 20);
    parentPort.postMessage(message);
    if (index % 100 === 0) await new Promise(setImmediate);
  }
}
