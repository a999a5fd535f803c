import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { namesOf } from '../../src/cli/transfer/namesOf.js';
import { registerTransfer } from '../../src/cli/transfer.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readTransfers, type TransferRecord } from '../../src/run/transferRecord.js';
import { parseCsv } from '../../src/util/csv.js';
import { Rng } from '../../src/util/rng.js';
import { wav } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';
import { inProcess } from './runInProcess.js';

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
const data = join(folder, 'sounds');
const out = join(folder, 'out', 'transfer');
const program = inProcess(registerTransfer);
const audiossl = (...args: string[]) => program('transfer', ...args, '--backend', 'wasm');

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  mkdirSync(run.checkpoints, { recursive: true });
  writeFileSync(run.config, 'seed: 5\nfrontEnd: {nMels: 24, minSeconds: 0.5}\n');
  await saveSmallModel(run.checkpoints, { name: 'best.safetensors', frontEnd: { ...toneFrontEnd }, config: { seed: 5 } });
  for (const [label, hertz] of [
    ['high', 3000],
    ['low', 200],
  ] as const)
    for (let i = 0; i < 6; i++) {
      const rng = new Rng({ seed: i, purpose: label });
      const path = join(data, label, `${i}.wav`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        path,
        wav(11025, (n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / 22050) + rng.uniform(-0.05, 0.05)),
      );
    }
});

describe('audiossl transfer', () => {
  test('judges a run beside random weights and log-mel statistics, and writes tables, predictions and the run’s own record', async () => {
    const asked = ['--folds', '3', '--shots', '1', '--draws', '2', '--random-seeds', '2', '--out', out];
    const text = await audiossl('--model', run.dir, '--data', data, ...asked);
    expect(text).toMatch(/^sounds: 12 clips of 12 recordings in 2 classes, 3 folds of whole recordings, stratified by class, seed 0; few/);
    expect(text).toMatch(/\n {4}run, linear: (yes|no|undecided): .+ against random weights; .+ against log-mel statistics\n/);
    const [record] = await readTransfers(out);
    expect(record.systems.map(({ name, kind, weightSeeds }) => [name, kind, weightSeeds])).toEqual([
      ['log-mel statistics', 'logMel', []],
      ['random weights', 'randomWeights', [0, 1]],
      ['run', 'encoder', []],
    ]);
    // Tones of two ranges of pitch are what log-mel statistics tell apart best.
    expect(record.systems[0].results[0].micro.estimate).toBe(1);
    expect(await readTransfers(run.transfers)).toEqual([record]);
    const { rows } = parseCsv(readFileSync(join(out, 'sounds.predictions.csv'), 'utf8'), 'predictions');
    expect(rows).toHaveLength(12);
    const linear = rows.filter((row) => row['linear: run'] === row.label).length / 12;
    expect(linear).toBe(record.systems[2].results[0].accuracies[0]);
    expect(readFileSync(join(out, 'transfer.html'), 'utf8')).toContain('Better than no training, on sounds');
    expect(readFileSync(join(out, 'transfer.md'), 'utf8')).toContain('| run | linear | ');

    const baselines = JSON.parse(
      await audiossl(
        '--model',
        'random',
        '--data',
        data,
        '--folds',
        '3',
        '--shots',
        'none',
        '--random-seeds',
        '1',
        '--out',
        join(out, 'b'),
        '--json',
      ),
    ) as TransferRecord[];
    expect(baselines[0].systems.map(({ name }) => name)).toEqual(['log-mel statistics', 'random weights']);
    expect(baselines[0].comparisons).toEqual([]);
  });

  test('refuses in one line what cannot be judged', async () => {
    const model = ['--model', run.dir];
    const to = ['--out', out];
    await expect(audiossl(...model, '--data', join(folder, 'none'), ...to)).rejects.toThrow(
      /^transfer: --data must be a folder .* does not exist$/,
    );
    await expect(audiossl('--model', join(folder, 'x.safetensors'), '--data', data, ...to)).rejects.toThrow(/^transfer: --model must be/);
    await expect(audiossl('--data', data, ...to)).rejects.toThrow(/required option '--model <run>' not specified/);
    await expect(audiossl(...model, ...to)).rejects.toThrow(/required option '--data <dir>' not specified/);
    await expect(audiossl(...model, '--data', data, '--data', `${data}/`, ...to)).rejects.toThrow(/--data must name each once/);
    await expect(audiossl(...model, '--data', data, '--folds', '7', ...to)).rejects.toThrow(/at least 2 classes of 7 recordings each/);
  });
});

test('namesOf: the last part of a path, more where that does not tell them apart', () => {
  expect(namesOf(['runs/a', 'models/b.safetensors', 'x/r', 'y/r', 'été été'])).toEqual(['a', 'b', 'x_r', 'y_r', 'été_été']);
});
