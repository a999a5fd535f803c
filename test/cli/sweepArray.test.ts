import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { folderWith, tone } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { runHere } from './runInProcess.js';

/** Arguments of the commands that were started; they do nothing but say something. */
const stages: string[][] = [];
const failure: { error?: string | undefined } = {};
vi.mock('../../src/sweep/spawnStage.js', () => ({
  async spawnStage({ args, log }: { args: string[]; log: string }) {
    stages.push(args);
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, 'said\n');
    return failure.error;
  },
}));

const computing = ['--backend', 'cpu', '--precision', 'float32', '--threads', '1'];

/** Two runs of a small network on twelve tones of two classes. */
async function tinySweep() {
  const names = Array.from({ length: 12 }, (_, i) => `${i % 2 === 1 ? 'high' : 'low'}/${i}.wav`);
  const data = await folderWith(Object.fromEntries(names.map((name, i) => [name, tone((i % 2 === 1 ? 1000 : 300) * (1 + 0.04 * i), 0.6)])));
  const dir = temporaryFolder();
  const file = join(dir, 'sweep.yaml');
  writeFileSync(
    file,
    `seeds: [0, 1]
set:
  encoder.name: vgg
  frontEnd: { nMels: 24, minSeconds: 0.5 }
  data: { patchFrames: 32, patchHop: 16 }
  train: { epochs: 0, batchSize: 8 }
evaluate: [{ protocol: knn, split: validation, checkpoint: last }]
`,
  );
  const out = join(dir, 'out');
  return { dir, file, data, out, args: ['sweep', file, '--data', data, '--out', out, '--backend', 'cpu', '--threads', '1'] };
}

/** What is in a folder, and when each file was written. */
function filesOf(dir: string): Map<string, number> {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map(({ parentPath, name }) => join(parentPath, name)).map((path) => [path.slice(dir.length + 1), statSync(path).mtimeMs]),
  );
}

it('makes each run of a sweep as one task of a job array, without a lock and with nothing written outside the run', async () => {
  const { out, args, file } = await tinySweep();
  const early = await runHere([...args, '--task', '1']);
  expect([early.code, early.stderr]).toEqual([
    2,
    expect.stringMatching(/--task needs a prepared sweep.*give the same line with --prepare first\n$/),
  ]);
  expect(existsSync(out)).toBe(false);

  const prepared = await runHere([...args, '--prepare']);
  expect([prepared.code, prepared.stdout]).toEqual([0, '1 pretrain-seed0\n2 pretrain-seed1\n']);
  expect(prepared.stderr).toMatch(
    /\nnext: sbatch --array=1-2 --cpus-per-task=1 --wrap '(npx )?audiossl sweep \S+ --data \S+ --out \S+ --backend cpu --threads 1 --task'\n$/,
  );
  const before = filesOf(out);
  expect([...before.keys()].sort()).toEqual(expect.arrayContaining(['configs/pretrain-seed0.yaml', 'sweep.yaml']));

  for (const [i, id] of ['1', '2'].entries()) {
    // As Slurm 22.05 sets them in the script of a task.
    vi.stubEnv('SLURM_JOB_ID', '77').stubEnv('SLURM_PROCID', '0').stubEnv('SLURM_NTASKS', '1').stubEnv('SLURM_ARRAY_TASK_ID', id);
    stages.length = 0;
    const { code, stdout, stderr } = await runHere([...args, '--task']);
    vi.unstubAllEnvs();
    const run = join(out, `pretrain-seed${i}`);
    expect([code, stdout]).toEqual([0, `${run}\n`]);
    expect(stderr).toContain(`audiossl: run ${i + 1} of 2, pretrain-seed${i} (SLURM_ARRAY_TASK_ID=${id})\n`);
    expect(stderr).toMatch(/next: (npx )?audiossl sweep \S+ --out \S+ --table\n$/);
    const [training, evaluation, ...others] = stages;
    expect(others).toEqual([]);
    const store = expect.stringContaining(join(out, 'features'));
    const config = join(out, 'configs', `pretrain-seed${i}.yaml`);
    expect(training).toEqual(['pretrain', '--features', store, '--config', config, '--out', run, '--resume', ...computing]);
    expect(evaluation).toEqual(expect.arrayContaining(['evaluate', run, 'knn', 'validation', '--features', store]));
  }
  const after = filesOf(out);
  for (const [path, time] of before) expect([path, after.get(path)]).toEqual([path, time]);
  const added = [...after.keys()].filter((path) => !before.has(path));
  expect(added.sort()).toEqual(['logs/pretrain-seed0.txt', 'logs/pretrain-seed1.txt']);

  failure.error = 'pretrain: the disk is full';
  const failed = await runHere([...args, '--task', '2']);
  failure.error = undefined;
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringMatching(/run pretrain-seed1 failed: pretrain: the disk is full \(.*seed1\.txt\); the same/),
  ]);
  const tables = await runHere(['sweep', file, '--out', out, '--table']);
  expect([tables.code, tables.stderr]).toEqual([0, expect.stringMatching(/^next: .*report /)]);
  expect(tables.stdout).toContain('## Missing: 2 of 2 runs');
}, 60_000);

it('refuses tasks that do not fit in one line', async () => {
  const { dir, out, args, file, data } = await tinySweep();
  const refused = async (...more: string[]) => {
    const { code, stderr } = await runHere([...args, ...more]);
    return `${code} ${stderr}`;
  };
  expect(await refused('--task')).toMatch(/^2 .*--task needs the number of a run/);
  expect(await refused('--task', '1', '--prepare')).toMatch(/^2 .*--prepare and --task are different things/);
  expect(await refused('--task', '1', '--jobs', '2')).toMatch(/^2 .*--task makes one run, got --jobs 2/);
  expect((await runHere([...args, '--prepare'])).code).toBe(0);
  expect(await refused('--task', '3')).toMatch(
    /^2 .*--task 3: the number must be from 1 to 2, the runs of .*; sbatch --array=1-2 starts them all\n$/,
  );
  vi.stubEnv('SLURM_ARRAY_TASK_ID', '0');
  expect(await refused('--task')).toMatch(/^2 .*SLURM_ARRAY_TASK_ID=0: the number must be from 1 to 2/);
  vi.stubEnv('SLURM_ARRAY_TASK_ID', 'x');
  expect(await refused('--task')).toMatch(/^2 .*SLURM_ARRAY_TASK_ID must be a whole number, got x/);
  vi.unstubAllEnvs();

  writeFileSync(join(out, 'lock'), JSON.stringify([{ host: 'node7', pid: 12, word: 'sweep' }]));
  expect(await refused('--task', '1')).toMatch(
    /^1 .*is being worked on by process 12 of the machine node7, .*delete .*lock and run again\n$/,
  );
  writeFileSync(join(out, 'lock'), '[]');
  vi.stubEnv('RANK', '1');
  vi.stubEnv('WORLD_SIZE', '2');
  vi.stubEnv('MASTER_ADDR', 'node1');
  vi.stubEnv('MASTER_PORT', '1234');
  expect(await refused('--task', '1')).toMatch(/^2 .*one process makes a run, torchrun has started 2/);
  vi.unstubAllEnvs();

  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('[0, 1]', '[0, 1, 2]'));
  expect(await refused('--task', '3')).toMatch(/^2 .*has other runs than .*sweep.yaml.*--prepare first\n$/);
  writeFileSync(file, text);
  const other = ['sweep', file, '--data', data, '--out', join(dir, 'other')];
  expect((await runHere([...other, '--dry-run', '--task', '1'])).stderr).toMatch(/--task and --dry-run are different things/);
}, 60_000);
