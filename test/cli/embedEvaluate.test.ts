import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerClassify } from '../../src/cli/classify.js';
import { registerEmbed } from '../../src/cli/embed.js';
import { registerEvaluate } from '../../src/cli/evaluate.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { gridStarts } from '../../src/data/samplers.js';
import { formatStoredClips } from '../../src/data/storeFiles.js';
import { loadProbe, withProbe } from '../../src/model/keptProbe.js';
import { loadModel } from '../../src/model/loadModel.js';
import { readPredictions } from '../../src/run/predictions.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readNpz } from '../../src/util/npz.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd, toneStore } from '../train/toneStore.js';
import { inProcess, runHere } from './runInProcess.js';

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
let storeDir: string;

const audiossl = inProcess(registerEvaluate, registerEmbed, registerClassify);

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(run.checkpoints, { recursive: true });
  await mkdir(run.evaluations, { recursive: true });
  await mkdir(join(folder, 'in', 'sub'), { recursive: true });
  await writeFile(join(folder, 'in', 'a.wav'), tone(400, 0.6));
  await writeFile(join(folder, 'in', 'sub', 'b.wav'), tone(800, 0.6));
  await writeFile(join(folder, 'in', 'broken.wav'), 'RIFF');
  await saveSmallModel(run.checkpoints, {
    name: 'best.safetensors',
    frontEnd: { ...toneFrontEnd },
    config: { evaluation: { bootstrapDraws: 100 } },
  });
  const store = await toneStore(6);
  storeDir = store.dir;
  const split = store.clips.map(({ id }, i) => `${id},${['train', 'train', 'validation'][i % 3]}`);
  await writeFile(run.split, ['id,split', ...split].join('\n'));
  await writeFile(run.config, 'seed: 5\nfrontEnd: {nMels: 24, minSeconds: 0.5}\nevaluation: {bootstrapDraws: 100}\n');
  await store.close();
});

describe('audiossl embed on several ranks', () => {
  const args = (out: string) => [
    'embed',
    '--model',
    run.dir,
    '--in',
    join(folder, 'in'),
    '--out',
    out,
    '--backend',
    'wasm',
    '--workers',
    '1',
  ];
  const places = [
    // As torchrun sets them, and as a step of Slurm does.
    { RANK: '0', WORLD_SIZE: '2', LOCAL_WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: '29500', OMP_NUM_THREADS: '1' },
    { SLURM_STEP_ID: '0', SLURM_PROCID: '1', SLURM_NTASKS: '2', SLURM_STEP_NUM_TASKS: '2', SLURM_STEP_TASKS_PER_NODE: '2', SLURM_CPUS_PER_TASK: '1' }, // biome-ignore format: a row each
  ];
  const ofRank = async (rank: number, ...words: string[]) => {
    for (const [name, value] of Object.entries(places[rank])) vi.stubEnv(name, value);
    return runHere(words).finally(() => vi.unstubAllEnvs());
  };

  test('each embeds its part into a file of its own, and merged they are what one process makes', async () => {
    const out = join(folder, 'ranks.npz');
    const parts = [1, 2].map((part) => join(folder, `ranks.${part}of2.npz`));
    const ends = [await ofRank(0, ...args(out)), await ofRank(1, ...args(out))];
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    for (const [rank, { stderr }] of ends.entries())
      expect(stderr).toContain(`audiossl: rank ${rank + 1} of 2 embeds its part of the recordings into ${parts[rank]}\n`);
    expect(ends[0].stderr).toMatch(/next: (npx )?audiossl embed merge --in \S+1of2\.npz \S+2of2\.npz --out \S+ranks\.npz\n$/);
    expect(ends[1].stderr).not.toContain('next:');
    expect((await runHere(['embed', 'merge', '--in', ...parts, '--out', out])).code).toBe(0);
    const one = join(folder, 'one.npz');
    await audiossl(...args(one));
    const [merged, whole] = await Promise.all([out, one].map((path) => readNpz(path)));
    expect([...merged.keys()]).toEqual([...whole.keys()]);
    for (const name of ['h', 'ids']) expect(merged.get(name), name).toEqual(whole.get(name));
  });

  test("shards of one's own, --add and files that cannot be merged are refused", async () => {
    const said = async (...words: string[]) => (await ofRank(0, ...args(join(folder, 'no.npz')), ...words)).stderr;
    expect(await said('--shard', '1/2')).toMatch(
      /^audiossl: embed: torchrun has started 2 processes.*; leave out --shard, or start one process\n$/,
    );
    expect(await said('--add')).toMatch(/start one process for --add\n$/);
    expect((await ofRank(1, ...args(join(folder, 'no.csv')))).stderr).toMatch(
      /^audiossl: embed: slurm has started 2 .*must be \.npz or \.npy, got --out/,
    );
  });
});

describe('audiossl evaluate', () => {
  const args = () => ['evaluate', run.dir, '--split', 'validation', '--features', storeDir, '--backend', 'wasm'];

  test('prints the accuracies, or the record as JSON', async () => {
    const text = await audiossl(...args(), '--protocol', 'knn');
    expect(text).toMatch(/^knn on 4 validation clips, checkpoint best \(epoch 3\), seed 5\n {2}clip micro accuracy +\d+\.\d % \[/);
    expect(text).toMatch(/knn-validation-best-seed5\.json\n$/);
    const record = JSON.parse(
      await audiossl(...args(), '--protocol', 'linear', '--seed', '9', '--set', 'evaluation.linear.epochs=3', '--json'),
    );
    expect(record).toMatchObject({ protocol: 'linear', seed: 9, numClips: 4, options: { epochs: 3 } });
  });

  test('a series is a table, or records with a summary as JSON; fine-tuning runs', async () => {
    const series = ['--protocol', 'knn', '--label-fractions', '0.5,1', '--shots', '1', '--repeats', '2', '--seed', '3'];
    const text = await audiossl(...args(), ...series);
    expect(text).toMatch(
      /^knn on 4 validation clips, checkpoint best \(epoch 3\), 2 seeds from 3, mean \+- deviation\n {2}labels +training clips/,
    );
    expect(text).toMatch(/\n {2}50 % +4 +\d+\.\d % \+- \d+\.\d +\d+\.\d % \+- \d+\.\d\n {2}all +8 .*\n {2}1 shot +2 /);
    expect(text).toMatch(/knn-labels50-validation-best-seed3\.json\n.*knn-labels50-validation-best-seed4\.json\n/);
    const { records, summary } = JSON.parse(await audiossl(...args(), ...series, '--json'));
    expect(records.map(({ labelFraction, shots, seed }: Record<string, unknown>) => [labelFraction, shots, seed])).toEqual(
      [
        [0.5, null],
        [null, null],
        [null, 1],
      ].flatMap((limit) => [3, 4].map((seed) => [...limit, seed])),
    );
    expect(summary.map(({ labelFraction, shots }: Record<string, unknown>) => [labelFraction, shots])).toEqual([
      [0.5, null],
      [1, null],
      [null, 1],
    ]);
    const tuned = await audiossl(...args(), '--protocol', 'finetune', '--set', 'evaluation.finetune={epochs: 1, batchSize: 8}', '--json');
    expect(JSON.parse(tuned)).toMatchObject({ protocol: 'finetune', options: { epochs: 1, epoch: 1, trainClips: 8 } });
  });

  test('folds: the pooled clips, then fold by fold', async () => {
    const store = await FeatureStore.open(storeDir);
    const withFolds = join(folder, 'folds');
    await cp(storeDir, withFolds, { recursive: true });
    await writeFile(
      join(withFolds, 'clips.csv'),
      formatStoredClips(store.clips.map((clip, i) => ({ ...clip, fold: String((i % 3) + 1) }))),
    );
    await store.close();
    const foldArgs = ['evaluate', run.dir, '--split', 'test', '--features', withFolds, '--backend', 'wasm', '--protocol', 'knn', '--folds'];
    const text = await audiossl(...foldArgs);
    expect(text).toMatch(/^knn on 12 test clips, checkpoint best \(epoch 3\), seed 5\n/);
    expect(text).toMatch(/\n {2}fold 1 +micro \d+\.\d %, macro \d+\.\d %, 4 clips\n {2}fold 2 /);
    expect(text).toMatch(/note: fold 1: the run was trained on the recordings of 4 of the 4 test clips, without their labels\n/);
    const one = JSON.parse(await audiossl(...foldArgs, '2', '--json'));
    expect(one).toMatchObject({ fold: '2', numClips: 4 });
  });

  test('wrong use is refused: no features, keys that are unknown or not read, lists that are none', async () => {
    const without = args().filter((arg) => arg !== '--features' && arg !== storeDir);
    await expect(audiossl(...without, '--protocol', 'knn')).rejects.toThrow(/pass --features STORE/);
    const knn = (...more: string[]) => audiossl(...args(), '--protocol', 'knn', ...more);
    await expect(knn('--set', 'evaluation.neighbors=3')).rejects.toThrow(/neighbours/);
    await expect(knn('--set', 'data.testFold=3')).rejects.toThrow(/evaluate reads evaluation\.\* only.*pass --data, --folds/);
    await expect(knn('--set', 'seed=3')).rejects.toThrow(/pass --seed/);
    await expect(knn('--set', 'train.epochs=3')).rejects.toThrow(/as the run was trained; leave it out/);
    await expect(knn('--set', 'evaluation.linear.epochs=3')).rejects.toThrow(
      /knn does not read evaluation\.linear; leave it out, or pass --protocol linear/,
    );
    await expect(knn('--set', 'data.format=csv')).rejects.toThrow(/read with --data only/);
    await expect(knn('--label-fractions', '0.5,2')).rejects.toThrow(/over 0 and at most 1, such as 0\.01,0\.1,0\.5,1, got "0\.5,2"/);
    await expect(knn('--shots', '0')).rejects.toThrow(/clips a class from 1 up/);
    await expect(knn('--shots', '1,,2')).rejects.toThrow(/commas between them/);
    await expect(audiossl(...args(), '--protocol', 'classifier')).rejects.toThrow(/needs a run with a classifier of its own/);
  });
});

describe('a kept probe', () => {
  test('gives the probabilities that the evaluation wrote down, and is what audiossl classify takes', async () => {
    const probe = join(folder, 'probes', 'tones.safetensors');
    const linear = ['evaluate', run.dir, '--split', 'validation', '--features', storeDir, '--backend', 'wasm', '--protocol', 'linear'];
    const text = await audiossl(...linear, '--seed', '11', '--set', 'evaluation.linear.epochs=2', '--keep-probe', probe);
    expect(text).toContain(`\nprobe: ${probe}\n`);
    const { predictions } = (await readPredictions(run, 'linear-epochs2-validation-best-seed11'))!;
    const encoder = await loadModel(run.dir);
    const model = withProbe(encoder, await loadProbe(probe), probe);
    const store = await FeatureStore.open(storeDir);
    for (const { id, probabilities } of predictions) {
      const clip = store.clips.findIndex((stored) => stored.id === id);
      const starts = gridStarts(store.clips[clip].numFrames, model.patchFrames, model.patchHop);
      const values = await store.readPatches(
        starts.map((start) => ({ clip, start })),
        model.patchFrames,
      );
      const mean = tf.tidy(() => {
        const patches = tf.tensor3d(values, [starts.length, model.patchFrames, store.nMels]);
        return [...tf.mean(model.classifyPatches!(patches), 0).dataSync()];
      });
      expect(mean).toBeAllClose(probabilities, { atol: 1e-5 });
    }
    await store.close();
    model.dispose();
    encoder.dispose();

    const out = join(folder, 'labels.csv');
    const classify = (...more: string[]) =>
      audiossl('classify', '--model', run.dir, '--in', join(folder, 'in'), '--out', out, '--backend', 'wasm', ...more);
    expect(await classify('--probe', probe)).toMatch(/labels\.csv: 2 labels of 2 recordings: .*; 1 broken ones left out\n$/);
    expect((await readFile(out, 'utf8')).split('\n').slice(1)).toEqual([
      expect.stringMatching(/^a\.wav,0\.000,0\.600,\w+,0\.\d{4}$/),
      expect.stringMatching(/^sub\/b\.wav,0\.000,0\.600,\w+,0\.\d{4}$/),
      '',
    ]);
    await expect(classify()).rejects.toThrow(/has no classifier; keep one with audiossl evaluate/);
    await expect(audiossl(...linear, '--keep-probe', '--repeats', '2')).rejects.toThrow(/one probe can be kept/);
    await expect(audiossl(...linear.slice(0, -1), 'knn', '--keep-probe')).rejects.toThrow(
      /--keep-probe keeps the linear probe, got --protocol knn/,
    );
  });
});

describe('audiossl embed', () => {
  test('a folder into npz: broken files are left out and counted', async () => {
    const out = join(folder, 'e.npz');
    const text = await audiossl('embed', '--model', run.dir, '--in', join(folder, 'in'), '--out', out, '--backend', 'wasm');
    expect(text).toBe(`${out}: 2 rows, one a clip, of 2 recordings; 1 broken ones left out\n`);
    expect((await readNpz(out)).get('clip')?.data).toEqual(['a.wav', 'sub/b.wav']);
  });

  test('the folder of the output is made first, and one that is a file refused before any work', async () => {
    const embed = (out: string) => audiossl('embed', '--model', run.dir, '--backend', 'wasm', '--in', join(folder, 'in'), '--out', out);
    const out = join(folder, 'new', 'folder', 'e.npz');
    expect(await embed(out)).toContain('2 rows');
    await expect(embed(join(out, 'e.npz'))).rejects.toThrow(/embed: .*e\.npz\/e\.npz cannot be written \(.*\); give another --out$/);
    await mkdir(join(folder, 'taken.npz'));
    await expect(embed(join(folder, 'taken.npz'))).rejects.toThrow(/embed: .*taken\.npz is a folder; give another --out/);
  });

  test('wrong use is refused', async () => {
    const embed = (...args: string[]) => audiossl('embed', '--model', run.dir, '--backend', 'wasm', ...args);
    await expect(embed('--in', folder, '--out', 'x.txt')).rejects.toThrow(/must end with \.npz, \.npy, \.parquet or \.csv, got x\.txt/);
    await expect(embed('--in', folder)).rejects.toThrow(/^embed: --out <file> is needed/);
    await expect(embed('--in', folder, '--out', 'x.npz', '--hop', '2')).rejects.toThrow(/--window and --hop go with --per window/);
    await expect(embed('--in', folder, '--out', 'x.npz', '--per', 'window')).rejects.toThrow(/needs --window SECONDS/);
    await expect(embed('--in', folder, '--out', 'x.npz', '--shard', '3/2')).rejects.toThrow(/expected i\/n such as 1\/8/);
    await expect(embed('--in', join(folder, 'none'), '--out', 'x.npz')).rejects.toThrow(/none does not exist/);
    const twice = join(folder, 'in', 'a.wav');
    await expect(embed('--in', twice, twice, '--out', 'x.npz')).rejects.toThrow(/a\.wav is given twice/);
  });
});
