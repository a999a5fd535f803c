#!/usr/bin/env node
// Exact search of the 10 nearest rows: ours against NumPy's product and argpartition, on the same file and threads. Prints the seconds of a
// question (median of the rounds, and ranges) and the ratio NumPy / ours: above 1 is faster than NumPy.
//
//     npm run build && node test/bench/search.mjs                         # 10^6 rows of 512 values: 2 GB of disk and of memory
//
//     --rows 1000000 --dim 512 --rounds 5 --threads N --python python3 --queries 1 --queries 100
//
// Both sides once have the rows in memory (createSearch), NumPy's of unit length, and once read the file through for the question, which lies
// in the system's cache (nearestRows of rowBlocks, as the command does; np.load and a division by the rows' lengths).
import { spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { npyHeader } from '../../dist/util/npy.js';
import { median } from './features/table.mjs';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    dim: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    python: { type: 'string', default: process.env.PEER_PYTHON ?? 'python3' },
    queries: { type: 'string', multiple: true, default: ['1', '100'] },
  },
});
const [rows, dim] = [Number(options.rows), Number(options.dim)];

/** Values of a small generator with a period far beyond the file's length; what they are is no matter, but they must not repeat. */
async function writeRows(path) {
  const file = createWriteStream(path);
  file.write(npyHeader({ dtype: 'float32', shape: [rows, dim] }));
  let state = 1n;
  for (let first = 0; first < rows; first += 4096) {
    const values = new Float32Array(Math.min(4096, rows - first) * dim);
    let x = Number(BigInt.asUintN(32, (state = state * 6364136223846793005n + 1442695040888963407n) >> 32n)) | 1;
    for (let i = 0; i < values.length; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      values[i] = x / 2 ** 31;
    }
    if (!file.write(new Uint8Array(values.buffer))) await new Promise((resolve) => file.once('drain', resolve));
  }
  await new Promise((resolve) => file.end(resolve));
}

const folder = mkdtempSync(join(tmpdir(), 'search-'));
try {
  const path = join(folder, 'rows.npy');
  await writeRows(path);
  const ids = Array.from({ length: rows }, (_, i) => `${i},0`);
  writeFileSync(join(folder, 'rows.csv'), `clip,timestamp\n${ids.join('\n')}\n`);
  writeFileSync(join(folder, 'rows.json'), '{}\n');
  const env = { ...process.env, OMP_NUM_THREADS: options.threads, OPENBLAS_NUM_THREADS: options.threads, MKL_NUM_THREADS: options.threads };
  const measure = (command, args) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}:\n${stderr}`);
    return JSON.parse(stdout);
  };
  const script = (name) => fileURLToPath(new URL(`./search/${name}`, import.meta.url));
  const runs = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const queries of options.queries) {
      const shared = ['--file', path, '--queries', queries, '--threads', options.threads];
      const ours = measure(process.execPath, [script('ours.mjs'), ...shared]);
      const peer = measure(options.python, [script('peer.py'), ...shared]);
      if (JSON.stringify(ours.found) !== JSON.stringify(peer.found)) throw new Error('ours and NumPy find different rows');
      runs.push({ queries, ours, peer });
    }
  }
  for (const queries of options.queries) {
    const of = runs.filter((run) => run.queries === queries);
    const seconds = (pick) => of.map(pick);
    const told = (values) => `${median(values).toFixed(3)} s (${Math.min(...values).toFixed(3)} - ${Math.max(...values).toFixed(3)})`;
    console.log(`${queries} of ${rows} x ${dim}, ${options.threads} threads, NumPy ${of[0].peer.version}`);
    for (const [name, key] of [
      ['in memory', 'memory'],
      ['from disk', 'disk'],
    ]) {
      const [ours, peer] = [seconds((run) => run.ours[key]), seconds((run) => run.peer[key])];
      const peaks = key === 'disk' ? `, peak ${of[0].ours.peakMiB} and ${of[0].peer.peakMiB} MiB` : '';
      console.log(`  ${name}: audiossl ${told(ours)}, NumPy ${told(peer)}: ${(median(peer) / median(ours)).toFixed(2)} x${peaks}`);
    }
  }
} finally {
  if (existsSync(folder)) rmSync(folder, { recursive: true });
}
