// What a report takes: of one run, and of 20 runs that are four systems of five seeds, made of one real run: its folder copied, its loss's
// weight and its seed changed, and one prediction in ten drawn anew. Prints one JSON line a report: seconds and the size of its page.
//
//     npm run build && node test/bench/report.mjs --run RUN [--runs 20] [--repeat 1]
//
// RUN has an evaluation with predictions. `--repeat 12` writes every clip of it twelve times: 80 clips of ESC-10 become as many as FSDnoisy18k tests.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { canonicalJson, sha256 } from '../../dist/util/hash.js';
import { Rng } from '../../dist/util/rng.js';

const { values } = parseArgs({
  options: { run: { type: 'string' }, runs: { type: 'string', default: '20' }, repeat: { type: 'string', default: '1' } },
});
if (values.run === undefined) throw new Error('--run is needed');
const [numRuns, repeat] = [Number(values.runs), Number(values.repeat)];
const root = mkdtempSync(join(tmpdir(), 'audiossl-report-'));

function copy(i) {
  const dir = join(root, `run${String(i).padStart(2, '0')}`);
  // Checkpoints, features and recordings are not read by a report of several runs.
  cpSync(values.run, dir, { recursive: true, filter: (path) => !['checkpoints', 'embeddings', 'report'].includes(basename(path)) });
  const config = { ...parse(readFileSync(join(dir, 'config.yaml'), 'utf8')), seed: i % 5 };
  config.loss = { ...config.loss, contrastiveWeight: [0.1, 0.3, 0.5, 1][Math.floor(i / 5) % 4] };
  writeFileSync(join(dir, 'config.yaml'), stringify(config));
  const rng = new Rng({ seed: i, purpose: 'bench' });
  const folder = join(dir, 'evaluations');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const record = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const table = join(folder, name.replace(/json$/, 'predictions.csv'));
    const [head, ...rows] = readFileSync(table, 'utf8').trim().split('\n');
    const drawn = Array.from({ length: repeat }, (_, k) =>
      rows.map((row) => {
        const [id, label, predicted, ...rest] = row.split(',');
        const other = record.classNames[Math.floor(rng.uniform() * record.classNames.length)];
        return [`${k}/${id}`, label, rng.uniform() < 0.1 ? other : predicted, ...rest].join(',');
      }),
    );
    writeFileSync(table, `${[head, ...drawn.flat()].join('\n')}\n`);
    if (repeat > 1) rmSync(join(folder, name.replace(/json$/, 'embeddings.npy')), { force: true });
    writeFileSync(
      join(folder, name),
      JSON.stringify({
        ...record,
        seed: i % 5,
        configHash: sha256(canonicalJson(config)).slice(0, 16),
        numClips: repeat * record.numClips,
        confusion: record.confusion.map((row) => row.map((n) => repeat * n)),
      }),
    );
  }
  return dir;
}

function time(what, dirs) {
  const out = join(root, 'out');
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['dist/bundle/cli/main.js', 'report', ...dirs, '--out', out], { encoding: 'utf8' });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(stderr);
  const { size } = statSync(join(out, 'report.html'));
  console.log(JSON.stringify({ what, seconds: Number(seconds.toFixed(2)), megabytes: Number((size / 1e6).toFixed(2)) }));
}

try {
  time('one run', [values.run]);
  time(`${numRuns} runs`, Array.from({ length: numRuns }, (_, i) => copy(i)));
} finally {
  rmSync(root, { recursive: true, force: true });
}
