import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DataStatistics } from '../../src/data/dataStatistics.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { parseCsv } from '../../src/util/csv.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { testData } from '../support/testData.js';
import { runHere } from './runInProcess.js';

const main = fileURLToPath(new URL('../../dist/bundle/cli/main.js', import.meta.url));
const inOwnProcess = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
const audiossl = (...args: string[]) => runHere(args);

async function recordings(): Promise<string> {
  return folderWith({ 'a/1.wav': tone(300), 'a/2.wav': tone(500), 'b/3.wav': tone(700), 'b/broken.wav': 'no audio' });
}

describe('audiossl features', () => {
  it('makes a store with the config asked for, says what was rejected, and reuses it', async () => {
    const dir = await recordings();
    const out = join(dir, 'store');
    const args = ['features', '--data', dir, '--out', out, '--workers', '1', '--set', 'frontEnd.nMels=16', '--dtype', 'float16'];
    const first = inOwnProcess(...args, '--json');
    expect(first.status).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ status: 'built', numClips: 3, rejected: [{ id: 'b/broken.wav' }] });
    expect(first.stderr).toMatch(/read as classFolders: 4 clips in 2 folders/);
    expect(first.stderr).toMatch(/rejected b\/broken\.wav: /);
    const store = await FeatureStore.open(out);
    expect([store.nMels, store.dtype, store.classNames]).toEqual([16, 'float16', ['a', 'b']]);
    await store.close();

    const second = await audiossl(...args);
    expect(second.code).toBe(0);
    expect(second.stdout).toBe(`${out}: 3 clips, 303 frames, 1 rejected (nothing changed, reused)\n`);

    const other = await audiossl(...args.slice(0, -2));
    expect(other.code).toBe(2);
    expect(other.stderr.trim().split('\n').at(-1)).toMatch(
      /is another feature store: its values are float16, asked for float32; pass --rebuild/,
    );
    expect((await audiossl(...args.slice(0, -2), '--rebuild')).code).toBe(0);
  });

  it('stops with 1 at a broken file on request, with 2 for wrong use', async () => {
    const dir = await recordings();
    const failed = await audiossl('features', '--data', dir, '--out', join(dir, 'store'), '--on-error', 'fail');
    expect([failed.code, failed.stderr.includes('b/broken.wav')]).toEqual([1, true]);
    expect(existsSync(join(dir, 'store'))).toBe(false);
    expect((await audiossl('features', '--data', join(dir, 'nothing'), '--out', join(dir, 'store'))).code).toBe(2);
    expect((await audiossl('features', '--data', dir)).code).toBe(2);
    expect((await audiossl('features', '--data', dir, '--out', join(dir, 's'), '--set', 'frontEnd.nMel=16')).stderr).toMatch(
      /did you mean "nMels"\?/,
    );
    for (const key of ['train.epochs=3', 'data.protocol=clean', 'frontEndX=1']) {
      const { code, stderr } = await audiossl('features', '--data', dir, '--out', join(dir, 's'), '--set', key);
      expect([code, stderr.split('\n').length - 1, existsSync(join(dir, 's'))]).toEqual([2, 1, false]);
      expect(stderr).toContain(
        key.startsWith('frontEndX') ? 'did you mean "frontEnd"?' : 'features depend on frontEnd and data.format alone',
      );
    }
    expect((await audiossl('features', '--data', dir, '--out', join(dir, 's'), '--set', 'data.format=unlabelled')).code).toBe(0);
  });

  it('stops in order at SIGTERM (exit code 143) and goes on from there', async () => {
    const dir = await folderWith(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i}.wav`, tone(300 + i, 1)])));
    const out = join(dir, 'store');
    const args = [main, 'features', '--data', dir, '--out', out, '--workers', '1'];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const journal = join(`${out}.partial`, 'journal.jsonl');
    const lines = async () => (await readFile(journal, 'utf8').catch(() => '')).split('\n').length;
    while ((await lines()) < 20) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(existsSync(out)).toBe(false);
    const again = await audiossl('features', '--data', dir, '--out', out);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/: 400 clips, 40,400 frames, 0 rejected \(built, going on from a stopped run\)/);
  });
});

describe('audiossl data', () => {
  it('check prints the findings, and with --strict exits with 1', async () => {
    const dir = await recordings();
    const plain = await audiossl('data', 'check', dir);
    expect(plain.code).toBe(0);
    expect(plain.stdout).toMatch(/class +no split +all\na +2 +2\nb +2 +2\nall +4 +4\n/);
    expect(plain.stdout).toMatch(/unreadable: 1\n {2}b\/broken\.wav: .*\n\n1 findings\n$/);
    expect(inOwnProcess('data', 'check', dir, '--strict').status).toBe(1);
    await cp(join(dir, 'a/1.wav'), join(dir, 'b/broken.wav'));
    const copied = JSON.parse((await audiossl('data', 'check', dir, '--json')).stdout);
    expect(copied.duplicates).toEqual([{ ids: ['a/1.wav', 'b/broken.wav'], labels: ['a', 'b'], splits: [] }]);
    await writeFile(join(dir, 'b/broken.wav'), tone(900));
    expect(await audiossl('data', 'check', dir, '--strict')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/nothing wrong was found\n$/),
    });
  });

  it('stats prints counts and durations; --metadata needs no audio', async () => {
    const dir = await recordings();
    const stats = await audiossl('data', 'stats', dir);
    expect(stats.stdout).toMatch(/sample rates \(Hz\): 22050 3\n/);
    expect(stats.stdout).toMatch(/unreadable: 1;/);
    const csv = await folderWith({ 'labels.csv': 'fname,label,split\na.wav,x,train\nb.wav,y,test\n' });
    expect((await audiossl('data', 'stats', '--metadata', csv)).stdout).toMatch(
      /class +train +test +all\nx +1 +0 +1\ny +0 +1 +1\nall +1 +1 +2\n/,
    );
    expect((await audiossl('data', 'stats')).code).toBe(2);
  });

  const meta = testData('fsdnoisy18k_meta');
  it.skipIf(meta === undefined)("stats --metadata --json counts FSDnoisy18k's own csv files, in all and a class", async () => {
    const { code, stdout } = await audiossl('data', 'stats', '--metadata', meta!, '--json');
    expect(code).toBe(0);
    const { numClips, subsets, classes } = JSON.parse(stdout) as DataStatistics;
    expect(numClips).toBe(18_532);
    expect(subsets).toEqual({ train: 17_585, clean: 1_772, noisy: 15_813, noisySmall: 1_003, test: 947 });
    const published = parseCsv(readFileSync(join(meta!, 'class_counts.csv'), 'utf8'), 'class_counts.csv').rows;
    const columns = { train: 'train', clean: 'train_clean', noisy: 'train_noisy', noisySmall: 'train_noisy_small', test: 'test' };
    expect(classes.map(({ label, counts }) => ({ label, counts }))).toEqual(
      published
        .map((row) => ({
          label: row.label,
          counts: Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, Number(row[column])])),
        }))
        .sort((a, b) => (a.label < b.label ? -1 : 1)),
    );
  });
});
