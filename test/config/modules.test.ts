import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyViews } from '../../src/augment/applyViews.js';
import { sampleViews } from '../../src/augment/sampleViews.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadConfig } from '../../src/config/loadConfig.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { contrastiveObjective } from '../../src/loss/contrastiveObjective.js';
import type { ContrastiveLossOptions } from '../../src/loss/lossOptions.js';
import { viewPairs } from '../../src/loss/pairs.js';
import { loadModel } from '../../src/model/loadModel.js';
import { sha256 } from '../../src/util/hash.js';
import { runCli } from '../cli/runCli.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An npm project with audiossl in it and the files of docs/modules.md. */
function freshProject(): string {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'package.json'), '{ "name": "mine", "private": true }\n');
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(root, join(dir, 'node_modules/audiossl'));
  const blocks = readFileSync(join(root, 'docs/modules.md'), 'utf8').matchAll(/```\w+\n(?:#|\/\/) (\S+)\n([\s\S]*?)```/g);
  for (const [, name, text] of blocks) writeFileSync(join(dir, name), text);
  return dir;
}

/** `low_0.wav`, `high_0.wav` ...: tones whose names begin with their class, and a recording that has none. */
function namedTones(numClips: number): Promise<string> {
  const files = Array.from({ length: numClips }, (_, i) => [
    [`low_${i}.wav`, tone(200 + 40 * i, 0.5)],
    [`high_${i}.wav`, tone(3000 + 200 * i, 0.6)],
  ]);
  return folderWith(Object.fromEntries(files.flat()));
}

const small = [
  ...['frontEnd.nMels=24', 'frontEnd.minSeconds=0.5', 'data.patchFrames=32', 'data.patchHop=16', 'train.batchSize=8', 'train.epochs=1'],
  'projectionHead={hiddenSize: 8, outputSize: 4}',
];

describe('modules from outside the repository', () => {
  let dir: string;
  beforeAll(async () => {
    await setBackend({ backend: 'cpu' });
    dir = freshProject();
  });

  it('train from a fresh project, are recorded with their checksums, and are refused when they have changed', async () => {
    const data = await namedTones(6);
    const run = join(dir, 'run');
    const main = ['--out', run, '--backend', 'wasm', '--threads', '1', '--config', join(dir, 'config.yaml')];
    const set = small.flatMap((text) => ['--set', text]);
    const first = runCli(['pretrain', '--data', data, ...main, ...set], { cwd: dir });
    expect([first.code, first.stderr]).toEqual([0, expect.any(String)]);
    const config = loadConfig({ file: join(run, 'config.yaml') });
    for (const [section, name, options] of [
      [config.loss, 'alignUniform.mjs', { weight: 0.5 }],
      [config.encoder, 'bandMeans.mjs', { size: 12 }],
      [config.views[0], 'level.mjs', { most: 0.3 }],
      [config.data.format, 'byName.mjs', {}],
    ] as const) {
      const path = join(dir, name);
      expect(section).toEqual({ name: 'module', path, sha256: sha256(readFileSync(path)), options });
    }
    /** Of each copy in the run its name without the checksum's digits, its text, and whether the digits are those of the text. */
    const copies = () =>
      readdirSync(join(run, 'modules')).map((file) => {
        const [, name, digits] = /^(\w+)\.(\w{12})\.mjs$/.exec(file) ?? [];
        const text = readFileSync(join(run, 'modules', file), 'utf8');
        return [`${name}.mjs`, text, sha256(text).startsWith(digits)];
      });
    const modules = ['alignUniform.mjs', 'bandMeans.mjs', 'byName.mjs', 'level.mjs'];
    const kept = modules.map((name) => [name, readFileSync(join(dir, name), 'utf8'), true]);
    expect(copies()).toEqual(kept);
    const model = await loadModel(run, { checkpoint: 'last' });
    expect([model.encoder.name, model.encoder.embeddingSize]).toEqual(['bandMeans', 12]);
    model.dispose();

    for (const name of ['alignUniform.mjs', 'bandMeans.mjs', 'byName.mjs']) {
      const before = readFileSync(join(dir, name), 'utf8');
      appendFileSync(join(dir, name), '// changed\n');
      const again = runCli(['pretrain', '--data', data, '--out', run, '--resume', '--set', 'train.epochs=2'], { cwd: dir });
      expect(again.code).toBe(2);
      expect(again.stderr).toMatch(new RegExp(`${name}: the module must be the one that was there before, of SHA-256 \\w{12}..., got`));
      if (name === 'bandMeans.mjs') await expect(loadModel(run, { checkpoint: 'last' })).rejects.toThrow('the module must be the one');
      writeFileSync(join(dir, name), before);
    }
    expect(copies()).toEqual(kept);
  });

  it('a loss is what it says, and a view keeps to its draws', () => {
    const config = loadConfig({ file: join(dir, 'config.yaml') });
    const [a, b] = [tf.tensor2d([1, 0, 0, 2], [2, 2]), tf.tensor2d([1, 1, -1, 0], [2, 2])];
    const labels = tf.tensor1d([0, 1, 0, 1], 'int32');
    const { loss } = tf.tidy(() => {
      const z = tf.concat([a, b], 0);
      return contrastiveObjective(config.loss as ContrastiveLossOptions).compute(viewPairs([a, b]), {
        embeddings: z,
        projections: z,
        labels,
      });
    });
    const r = Math.SQRT1_2;
    // |x - y|^2 of the two positives, and of the four negatives, each seen from both sides.
    const align = (2 - 2 * r + 2) / 2;
    const uniform = Math.log([2, 4, 2 - 2 * r, 2 + 2 * r].reduce((sum, d) => sum + Math.exp(-2 * d), 0) / 4);
    expect(loss.dataSync()[0]).toBeCloseTo(align + 0.5 * uniform, 5);

    const plan = sampleViews(config.views.slice(0, 1), { seed: 1, epoch: 1, clips: [4, 5], view: 0, patchFrames: 2, nMels: 3 });
    const [step] = plan.steps;
    const changes = (step.params as { change: number }[]).map(({ change }) => change);
    for (const change of changes) expect(Math.abs(change)).toBeLessThanOrEqual(0.3);
    expect(changes[0]).not.toBe(changes[1]);
    const patches = tf.ones<tf.Rank.R3>([2, 2, 3]);
    const views = applyViews(patches, plan);
    expect(views.dataSync()).toBeAllClose(
      changes.flatMap((change) => Array(6).fill(1 + change)),
      { rtol: 1e-6 },
    );
    tf.dispose([a, b, labels, loss, patches, views]);
  });

  it('a data set lists the clips, for --format too', async () => {
    const data = await namedTones(2);
    const { kind, clips, classNames, notes, unlisted } = await loadDataset(data, { format: join(dir, 'byName.mjs') as './byName.mjs' });
    expect([kind, classNames, unlisted]).toEqual(['module', ['high', 'low'], []]);
    expect(clips.map(({ id, label, path }) => [id, label, path === join(data, id)])).toEqual([
      ['high_0.wav', 'high', true],
      ['high_1.wav', 'high', true],
      ['low_0.wav', 'low', true],
      ['low_1.wav', 'low', true],
    ]);
    expect(notes[0]).toBe(`read by byName (${join(dir, 'byName.mjs')}): 4 clips, 2 classes`);
    const check = runCli(['data', 'check', data, '--format', './byName.mjs'], { cwd: dir });
    expect([check.code, check.stdout]).toEqual([0, expect.stringContaining('read by byName')]);
    const wrong = runCli(['data', 'check', data, '--format', 'byName'], { cwd: dir });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Allowed choices are auto, fsdnoisy18k, csv')]);
  });

  it.each([
    ["[{ path: 'a.wav', split: 'dev' }]", 'clip 1: split must be train or validation or test, got "dev"'],
    ["[{ path: 'a.wav' }, { path: './a.wav' }]", 'every recording must be listed once, got a.wav twice'],
    ["[{ path: '../a.wav' }]", "clip 1: path must be below the data folder, '/' separated, got ../a.wav"],
    ["[{ path: 'a.wav', lable: 'x' }]", 'clip 1: unknown key lable; known: path, label, split, fold, group, isVerified'],
    ["[{ path: 'a.wav', label: 7 }]", 'clip 1: label must be a text, got 7'],
    ["['a.wav']", 'clip 1: it must be an object with a path, got "a.wav"'],
    ['[]', 'clips() must list at least one recording of'],
    ["(() => { throw new Error('no index') })()", 'clips() failed: no index'],
  ])('a data set that lists %s is refused in a line', async (list, message) => {
    const path = join(temporaryFolder(), 'wrong.mjs');
    writeFileSync(
      path,
      `import { defineDataset } from '${root}dist/index.js';\nexport default defineDataset({ name: 'wrong', options: {}, clips: () => ${list} });\n`,
    );
    const data = await folderWith({ 'a.wav': tone(200, 0.1) });
    const error = await loadDataset(data, { format: path as './wrong.mjs' }).catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).toContain(`loadDataset: ${path}: ${message}`);
  });

  it.each([
    ['loss={name: ./alignUniform.mjs, weight: -1}', 'loss.options.weight: '],
    ['loss={name: ./alignUniform.mjs, wieght: 1}', 'wieght'],
    ['loss={name: ./nowhere.mjs}', 'nowhere.mjs: cannot read the module'],
    [
      'loss={name: ./bandMeans.mjs}',
      'bandMeans.mjs: the module must export by default what defineLoss gives (name, options, compute, needsNegatives)',
    ],
    ['data.format=./nowhere.mjs', 'nowhere.mjs: cannot read the module'],
    ['data.format=wav', 'data.format: expected '],
    ['encoder={name: ./broken.mjs}', 'broken.mjs: the module cannot be loaded: '],
    [
      'encoder={name: ./empty.mjs}',
      'empty.mjs: the module must export by default what defineEncoder gives (name, options, create), got no default export',
    ],
  ])('%s is refused in a line', (override, message) => {
    writeFileSync(join(dir, 'broken.mjs'), 'export default {');
    writeFileSync(join(dir, 'empty.mjs'), 'export const nothing = 1;');
    const text = override.replace('./', `${dir}/`);
    let thrown = '';
    try {
      loadConfig({ overrides: [text] });
    } catch (error) {
      thrown = (error as Error).message;
    }
    expect(thrown).toContain(message);
    expect(thrown).not.toContain('\n');
  });
});
