import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerAnalyze } from '../../src/cli/analyze.js';
import { registerData } from '../../src/cli/data.js';
import { readFeatureAnalyses } from '../../src/run/featureAnalysis.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readTestAccess } from '../../src/run/testAccess.js';
import { parseCsv } from '../../src/util/csv.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFolder, toneFrontEnd, toneStore } from '../train/toneStore.js';
import { inProcess } from './runInProcess.js';

const listed = vi.hoisted(() => [] as string[]);
vi.mock('../../src/data/loadDataset.js', async (original) => {
  const module = await original<typeof import('../../src/data/loadDataset.js')>();
  return {
    ...module,
    loadDataset: (...given: Parameters<typeof module.loadDataset>) => {
      listed.push(given[0]);
      return module.loadDataset(...given);
    },
  };
});

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
let storeDir: string;

const program = inProcess(registerAnalyze, registerData);
const audiossl = (...args: string[]) => program(...args, '--backend', 'wasm');

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(run.checkpoints, { recursive: true });
  await saveSmallModel(run.checkpoints, { name: 'best.safetensors', frontEnd: { ...toneFrontEnd }, config: { seed: 5 } });
  const store = await toneStore(6);
  storeDir = store.dir;
  const split = store.clips.map(({ id }, i) => `${id},${['train', 'train', 'validation', 'test'][i % 4]}`);
  await writeFile(run.split, ['id,split', ...split].join('\n'));
  await writeFile(run.config, 'seed: 5\nfrontEnd: {nMels: 24, minSeconds: 0.5}\n');
  await store.close();
});

test('audiossl analyze prints a table, or the record, and writes it', async () => {
  const text = await audiossl('analyze', run.dir, '--split', 'validation', '--features', storeDir);
  expect(text).toMatch(/^3 validation clips, checkpoint best \(epoch 3\), seed 5\n/);
  expect(text).toMatch(/\n {2}tolerance( +-?\d\.\d{4}){4}\n/);
  expect(text).toMatch(/features-validation-best-seed5\.json\n$/);
  const record = JSON.parse(await audiossl('analyze', run.dir, '--split', 'validation', '--features', storeDir, '--seed', '7', '--json'));
  expect(record).toMatchObject({ seed: 7, numClips: 3, uniformity: { h: expect.any(Number), z: expect.any(Number) } });
  expect((await readFeatureAnalyses(run)).map(({ name }) => name)).toEqual([
    'features-validation-best-seed5',
    'features-validation-best-seed7',
  ]);
});

describe('audiossl data audit-labels', () => {
  const audit = (...args: string[]) =>
    audiossl('data', 'audit-labels', '--model', run.dir, '--features', storeDir, '--neighbours', '3', '--folds', '3', ...args);

  test('audits the clips of the split and writes csv, json and page', async () => {
    const out = join(folder, 'audit');
    const text = await audit('--out', out, '--top', '2');
    expect(text).toMatch(/^\d of 6 clips are suspected/);
    const { rows } = parseCsv(await readFile(join(out, 'labels.csv'), 'utf8'), 'labels.csv');
    expect(rows).toHaveLength(6);
    expect((await readFile(join(out, 'index.html'), 'utf8')).match(/<li class="clip-card"/g)).toHaveLength(2);
    expect(await readTestAccess(run)).toEqual([]);
  });

  test('lists the recordings of a folder once: whether their labels can be judged is asked before features are made of them', async () => {
    const data = await toneFolder(5);
    const out = join(folder, 'listed', 'audit');
    const ofFolder = ['data', 'audit-labels', '--model', run.dir, '--out', out, '--folds', '2', '--neighbours', '3'];
    listed.length = 0;
    expect(await audiossl(...ofFolder, '--data', data)).toMatch(/^\d+ of 5 clips are suspected/);
    expect(listed).toEqual([data]);
    await expect(audiossl(...ofFolder, '--data', join(data, 'low'))).rejects.toThrow(/needs clips of two classes or more/);
    expect(listed).toEqual([data, join(data, 'low')]);
    expect(await readdir(join(folder, 'listed', 'features'))).toHaveLength(1);
  });

  test('flips labels to test itself; a look at test clips is noted in the run', async () => {
    const result = JSON.parse(await audit('--out', join(folder, 'flipped'), '--split', 'all', '--flip', '0.2', '--json'));
    expect(result.detection).toMatchObject({ numClips: 12, numFlipped: 2 });
    expect(await readTestAccess(run)).toMatchObject([{ protocol: 'labelAudit', numClips: 12, evaluation: join(folder, 'flipped') }]);
    const json = JSON.parse(await readFile(join(folder, 'flipped', 'audit.json'), 'utf8'));
    expect(json.flip).toEqual(result.detection);
  });

  test('without a model takes the encoder that comes with the package', async () => {
    // The store is of another front end than that encoder's, which is told once the encoder is open.
    await expect(audiossl('data', 'audit-labels', '--features', storeDir, '--out', join(folder, 'x'))).rejects.toThrow(
      /free-sounds.* front end|front end.*free-sounds/,
    );
  });

  test('wrong use is refused: a class of one clip, a share of 2, no such folder', async () => {
    await expect(audit('--out', join(folder, 'x'), '--split', 'validation')).rejects.toThrow(
      /^audit-labels: needs two classes or more with two recordings each, got one/,
    );
    await expect(audit('--out', join(folder, 'x'), '--flip', '2')).rejects.toThrow(/share between 0 and 1, got "2"/);
    await expect(audit('--out', run.config)).rejects.toThrow(/must be a folder that can be written/);
  });
});
