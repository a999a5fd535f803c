import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toneFolder } from '../train/toneStore.js';
import { runCli } from './runCli.js';
import { runHere } from './runInProcess.js';
import { curve, interruptAfter, readLog, tensorBytes, tinySettings } from './trainingRuns.js';

const settings = [...tinySettings, 'train.batchSize=8', 'train.epochs=4', 'train.checkpointSeconds=0.000001'].flatMap((setting) => [
  '--set',
  setting,
]);

const pretrainArgs = (data: string, run: string, more: string[] = []) => [
  'pretrain',
  '--data',
  data,
  '--out',
  run,
  ...settings,
  '--threads',
  '1',
  ...more,
];

describe('audiossl pretrain', () => {
  it('goes on bit-identically after a kill and after SIGINT, with the checkpoints of an undisturbed run', async () => {
    const data = await toneFolder();
    const whole = join(data, '..', `${data.split('/').at(-1)}-whole`);
    const broken = `${whole}-broken`;
    expect(runCli(pretrainArgs(data, whole, ['--tensorboard'])).code).toBe(0);
    const [events, ...others] = readdirSync(whole).filter((name) => name.startsWith('events.out.tfevents.'));
    expect(others).toEqual([]);
    const curves = readFileSync(join(whole, events)).toString('latin1');
    for (const tag of ['brain.Event:2', 'loss', 'learningRate']) expect(curves).toContain(tag);

    expect((await interruptAfter(pretrainArgs(data, broken), broken, 2, 'SIGKILL')).signal).toBe('SIGKILL');
    expect(await interruptAfter([...pretrainArgs(data, broken), '--resume'], broken, 5, 'SIGINT')).toEqual({ code: 130, signal: null });
    const last = runCli([...pretrainArgs(data, broken), '--resume']);
    expect(last.code).toBe(0);

    expect(curve(broken)).toEqual(curve(whole));
    expect(
      readLog(broken)
        .filter(({ kind }) => kind === 'end')
        .map(({ reason }) => reason),
    ).toEqual(['interrupted', 'finished']);
    for (const name of ['best', 'last']) {
      const [a, b] = [whole, broken].map((run) => tensorBytes(join(run, 'checkpoints', `${name}.safetensors`)));
      expect(a.equals(b), `${name}.safetensors holds the same tensors`).toBe(true);
    }
    expect(
      readdirSync(join(broken, 'checkpoints'))
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual(['best.safetensors', 'last.safetensors']);
  }, 300_000);

  it('refuses, in one line and with nothing written: no data, a run that is there, other settings at a resume', async () => {
    const data = await toneFolder(5);
    const run = `${data}-run`;
    const none = await runHere(['pretrain', '--out', run]);
    expect([none.code, none.stderr]).toEqual([
      2,
      'audiossl: --data DIR (recordings) or --features STORE (made by audiossl features) is needed, one of the two\n',
    ]);
    expect(existsSync(run)).toBe(false);
    expect((await runHere(pretrainArgs(data, run, ['--set', 'train.epochs=1']))).code).toBe(0);
    const again = await runHere(pretrainArgs(data, run));
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('must be empty');
    const other = await runHere(pretrainArgs(data, run, ['--resume', '--set', 'loss.temperature=0.5']));
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('--resume needs the settings the run was started with, other are loss');
    const longer = await runHere(pretrainArgs(data, run, ['--resume', '--set', 'train.epochs=2']));
    expect(longer.code).toBe(0);
    expect(curve(run).filter(({ kind }) => kind === 'epoch').length).toBe(2);
    const shorter = await runHere(pretrainArgs(data, run, ['--resume', '--set', 'train.epochs=1']));
    expect([shorter.code, shorter.stderr]).toEqual([
      2,
      expect.stringContaining('train.epochs must be at least the 2 epochs that the run has behind it, got 1'),
    ]);
    expect(readFileSync(join(run, 'config.yaml'), 'utf8')).toContain('epochs: 2');
    const elsewhere = await runHere(pretrainArgs(data, run, ['--resume', '--set', 'train.epochs=2', '--backend', 'wasm']));
    expect(elsewhere.stderr).toMatch(/note: resumed on wasm .*, before it was .*: from here on not bit-identical|libtorch is absent/);
  }, 300_000);

  it('needs no labels: the best checkpoint is the one of the highest effective rank, and no accuracy stands anywhere', async () => {
    const labelled = await toneFolder(6);
    const data = join(labelled, 'low');
    const run = `${labelled}-run`;
    const result = await runHere(
      pretrainArgs(data, run, ['--set', 'train.epochs=3', '--set', 'data.validationFraction=0.34', '--set', 'train.batchSize=4']),
    );
    expect(result.code, result.stderr).toBe(2);
    const enough = `${labelled}-enough`;
    const ok = await runHere(pretrainArgs(await plainFolder(), enough, ['--set', 'train.epochs=3', '--json']));
    expect(ok.code, ok.stderr).toBe(0);
    const monitors = readLog(enough).filter(({ kind }) => kind === 'monitor');
    const ranks = monitors.map(({ effectiveRank }) => effectiveRank as number);
    expect(monitors.every((record) => !('knnClipMacroAccuracy' in record))).toBe(true);
    expect(JSON.parse(ok.stdout).end.bestValue).toBe(Math.max(...ranks));
    expect(ok.stderr + ok.stdout).not.toMatch(/accuracy|kNN/i);
  }, 300_000);
});

/** Recordings in one folder, no classes. */
async function plainFolder(): Promise<string> {
  const { folderWith, tone } = await import('../data/syntheticData.js');
  return folderWith(Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`${i + 10}.wav`, tone(200 + 150 * i, 0.6)])));
}
