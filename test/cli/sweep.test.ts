import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/util/csv.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { runCli } from './runCli.js';
import { runHere } from './runInProcess.js';

const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));

/** 24 tones of two classes in three folds. */
async function foldedTones(): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  const rows = ['fname,label,fold'];
  for (let i = 0; i < 24; i++) {
    const isHigh = i % 2 === 1;
    files[`${i}.wav`] = tone((isHigh ? 1000 : 300) * (1 + 0.04 * i), 0.5 + 0.01 * i);
    rows.push(`${i}.wav,${isHigh ? 'high' : 'low'},${1 + (Math.floor(i / 2) % 3)}`);
  }
  return folderWith({ ...files, 'labels.csv': new TextEncoder().encode(`${rows.join('\n')}\n`) });
}

const common = `set:
  encoder.name: vgg
  frontEnd.nMels: 24
  frontEnd.minSeconds: 0.5
  data.patchFrames: 32
  data.patchHop: 16
  train: { epochs: 6, batchSize: 8 }
  evaluation.linear.epochs: 3
`;

function sweepFile(text: string): { file: string; out: string } {
  const dir = temporaryFolder();
  const file = join(dir, 'sweep.yaml');
  writeFileSync(file, text);
  return { file, out: join(dir, 'out') };
}

const sweepArgs = (file: string, data: string, out: string, more: string[] = []) => [
  ...['sweep', file, '--data', data, '--out', out, '--threads', '1'],
  ...more,
];

/** The table without what the clock says. */
function table(out: string): Record<string, string>[] {
  const { rows } = parseCsv(readFileSync(join(out, 'table.csv'), 'utf8'), 'table.csv');
  return rows.map(({ trainingSeconds, peakMebibytes, evaluationSeconds, ...rest }) => rest);
}

interface Line {
  kind: string;
  [key: string]: unknown;
}

function readLog(run: string): Line[] {
  const path = join(run, 'log.jsonl');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

function curve(run: string): Line[] {
  return readLog(run)
    .filter(({ kind }) => ['step', 'epoch', 'monitor'].includes(kind))
    .map(({ time, seconds, patchesPerSecond, peakMebibytes, ...rest }) => rest as Line);
}

/** Starts a sweep and does something to it as soon as `run` has `steps` steps. */
function disturb(
  args: string[],
  { run, steps, what }: { run: string; steps: number; what: (sweep: ChildProcess) => void },
): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: 'ignore' });
    let isDone = false;
    const poll = setInterval(() => {
      if (isDone || readLog(run).filter(({ kind }) => kind === 'step').length < steps) return;
      isDone = true;
      what(child);
    }, 5);
    child.on('exit', (code, signal) => {
      clearInterval(poll);
      resolve({ code, signal });
    });
  });
}

describe('audiossl sweep', () => {
  it('gives the same table as an undisturbed sweep after SIGKILL, SIGINT and the death of a child', async () => {
    const data = await foldedTones();
    const text = `${common}grid: { loss.contrastiveWeight: [1.0, 0.3] }
folds: [2]
evaluate: [{ protocol: knn, split: test }]
`;
    const whole = sweepFile(text);
    const undisturbed = runCli(sweepArgs(whole.file, data, whole.out));
    expect([undisturbed.code, undisturbed.stderr]).toEqual([0, expect.stringContaining('2/2 contrastiveWeight0.3-fold2-seed0 done')]);
    expect(undisturbed.stdout).toContain('| contrastiveWeight1 | ');
    expect(table(whole.out).map(({ run, protocol }) => `${run} ${protocol}`)).toEqual([
      'contrastiveWeight1-fold2-seed0 knn',
      'contrastiveWeight0.3-fold2-seed0 knn',
    ]);

    const { file, out } = sweepFile(text);
    const args = sweepArgs(file, data, out);
    const first = join(out, 'contrastiveWeight1-fold2-seed0');
    const second = join(out, 'contrastiveWeight0.3-fold2-seed0');
    expect((await disturb(args, { run: first, steps: 2, what: (sweep) => sweep.kill('SIGKILL') })).signal).toBe('SIGKILL');
    // At once: the child of the killed sweep may still be saving.
    expect(await disturb(args, { run: second, steps: 2, what: (sweep) => sweep.kill('SIGINT') })).toEqual({ code: 130, signal: null });
    expect(readLog(second).at(-1)).toMatchObject({ kind: 'end', reason: 'interrupted' });
    const killChild = () => {
      const holders: { pid: number; word: string }[] = JSON.parse(readFileSync(join(out, 'lock'), 'utf8'));
      process.kill(holders.find(({ word }) => word === 'contrastiveWeight0.3-fold2-seed0')?.pid ?? 0, 'SIGKILL');
    };
    const stepsSoFar = readLog(second).filter(({ kind }) => kind === 'step').length;
    expect(await disturb(args, { run: second, steps: stepsSoFar + 1, what: killChild })).toEqual({ code: 1, signal: null });
    expect(table(out)).toHaveLength(1);

    const last = runCli(args);
    expect([last.code, last.stderr]).toEqual([0, expect.stringContaining('contrastiveWeight1-fold2-seed0 was done before')]);
    expect(table(out)).toEqual(table(whole.out));
    for (const run of ['contrastiveWeight1-fold2-seed0', 'contrastiveWeight0.3-fold2-seed0']) {
      expect(curve(join(out, run))).toEqual(curve(join(whole.out, run)));
    }
    // Each evaluation was made once: a finished stage is not made again.
    const accesses = readFileSync(join(first, 'test-access.jsonl'), 'utf8').trim().split('\n');
    expect(accesses).toHaveLength(1);
    expect(readdirSync(join(out, 'features'))).toHaveLength(1);
    expect(existsSync(join(out, 'lock'))).toBe(false);

    const before = readFileSync(join(out, 'table.csv'), 'utf8');
    writeFileSync(join(out, 'table.csv'), '');
    expect((await runHere(['sweep', file, '--out', out, '--table'])).code).toBe(0);
    expect(readFileSync(join(out, 'table.csv'), 'utf8')).toBe(before);

    const added = await runHere(sweepArgs(sweepFile(text.replace('[1.0, 0.3]', '[1.0, 0.3, 0.5]')).file, data, out, ['--dry-run']));
    expect([added.code, added.stderr]).toEqual([0, expect.stringMatching(/3 runs\n$/)]);
    const changed = await runHere(sweepArgs(sweepFile(text.replace('epochs: 6', 'epochs: 7')).file, data, out));
    expect([changed.code, changed.stderr]).toEqual([2, expect.stringContaining('train.epochs was 6, now 7; runs may only be added')]);
    const otherEngine = await runHere(sweepArgs(file, data, out, ['--backend', 'cpu']));
    expect([otherEngine.code, otherEngine.stderr]).toEqual([
      2,
      expect.stringMatching(/^audiossl: sweep: .* was computed on \w+ cpu float32, now cpu cpu float32, and one table .*\n$/),
    ]);
  }, 600_000);

  it('lists a run that fails with its error, goes on with the others and exits with 1', async () => {
    const data = await foldedTones();
    const { file, out } = sweepFile(
      `${common}variants: [{ name: tooLong, set: { data.patchFrames: 4000 } }, { name: fits, set: { train.epochs: 1 } }]\n` +
        'folds: [1]\nevaluate: [{ protocol: knn, split: validation, checkpoint: last }]\nbaselines: [logMel]\n',
    );
    const { code, stderr } = runCli(sweepArgs(file, data, out, ['--jobs', '2', '--threads', '2']));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /failed: tooLong-fold1-seed0: pretrain: every clip needs data.patchFrames = 4000 frames.*logs\/tooLong-fold1-seed0.txt\)/,
    );
    expect(stderr).toMatch(/audiossl: sweep: 2 of 4 runs failed; the same command tries them again\n$/);
    expect(table(out).map(({ run }) => run)).toEqual(['logMel-fold1-seed0', 'fits-fold1-seed0']);
    expect(readFileSync(join(out, 'logs', 'fits-fold1-seed0.txt'), 'utf8')).toContain('--threads 1');
  }, 300_000);

  it('with transfer trains on each data set and judges all encoders side by side on others, whitened', async () => {
    const data = await foldedTones();
    const text = common.replace('epochs: 6, batchSize: 8', 'epochs: 1, batchSize: 8, whiten: 0.5');
    const { file, out } = sweepFile(
      `${text}transfer:\n  from: [{ name: a }, { name: b, set: { data.testFold: 1, data.validationFolds: [2] } }]\n` +
        '  checkpoint: whitened\n  shots: []\n  randomSeeds: 1\n',
    );
    const from = (name: string, dir = data) => ['--from', `${name}=${dir}`];
    const args = ['sweep', file, ...from('a'), ...from('b'), '--to', data, '--out', out, '--threads', '1'];
    const { code, stdout, stderr } = runCli(args);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/audiossl: on a .*1\/1 pretrain-seed0 done.*audiossl: on b .*1\/1 pretrain-seed0 done/s),
    ]);
    expect(stdout).toContain('24 clips of 24 recordings in 2 classes, the folds of the data\n');
    const [record] = readdirSync(join(out, 'transfer'))
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(join(out, 'transfer', name), 'utf8')));
    const systems = record.systems.map(({ name, checkpoint, seenInTraining }: Record<string, unknown>) => [
      name,
      checkpoint,
      seenInTraining,
    ]);
    // Of b one fold of three is trained on; of a what is not set apart for validation, 15 % of 12 a class.
    expect(systems).toEqual([
      ['log-mel statistics', null, null],
      ['random weights', null, null],
      ['a_pretrain-seed0', 'whitened', 20],
      ['b_pretrain-seed0', 'whitened', 8],
    ]);
    expect(existsSync(join(out, 'transfer', 'transfer.html'))).toBe(true);

    const refused = async (sweep: { file: string; out: string }, more: string[] = []) =>
      (await runHere(['sweep', sweep.file, '--out', sweep.out, ...more])).stderr;
    const transfer = { file, out };
    expect(await refused(transfer, ['--to', data, ...from('a')])).toMatch(/sweep\.yaml trains on b; pass --from b=DIR\n$/);
    expect(await refused(transfer, ['--to', data, ...from('c')])).toMatch(/has no such name in transfer\.from, but a, b\n$/);
    expect(await refused(transfer, [...from('a'), ...from('b')])).toMatch(/needs --to DIR/);
    expect(await refused(transfer, ['--data', data])).toMatch(/takes --from NAME=DIR and --to DIR in place of --data/);
    expect(await refused(sweepFile('seeds: [0]\n'), ['--data', data, '--to', data])).toMatch(/--from and --to are of sweeps with transfer/);
    expect(await refused(sweepFile('folds: [1]\ntransfer: { from: [{ name: a }] }\n'))).toMatch(
      /sweep\.yaml:1:1: folds: the data sets of transfer\.from have/,
    );
  }, 300_000);

  it('refuses in one line, with file and line, and writes nothing', async () => {
    const data = await foldedTones();
    const typo = sweepFile('seeds: [0]\ngrid:\n  loss.temprature: [1]\n');
    const { code, stdout, stderr } = await runHere(sweepArgs(typo.file, data, typo.out));
    expect([code, stdout, existsSync(typo.out)]).toEqual([2, '', false]);
    expect(stderr).toMatch(/^audiossl: .*sweep\.yaml:3:21: loss\.temprature: unknown key; did you mean "temperature"\?\n$/);
    const { file, out } = sweepFile('seeds: [0]\n');
    expect(await runHere(sweepArgs(file, data, out, ['--jobs', '2', '--dry-run']))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('audiossl: 1 run at once, not 2: all runs together have 1 thread (--threads), and each needs one'),
    });
    expect(await runHere(['sweep', file, '--out', out])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--data DIR (recordings) or'),
    });
    expect(await runHere(sweepArgs(file, data, data))).toMatchObject({ code: 2, stderr: expect.stringContaining('has other files') });
    expect(existsSync(out)).toBe(false);
  }, 300_000);
});
