import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../../src/model/checkpoint.js';
import { toneFolder } from '../train/toneStore.js';
import { runCli } from './runCli.js';
import { runHere } from './runInProcess.js';
import { curve, interruptAfter, readLog, tensorBytes } from './trainingRuns.js';

/** The supervised network on short, narrow patches: everything that a resume must bring back is in it (Adam, dropout, plateau). */
const settings = [
  'frontEnd.nMels=24',
  'frontEnd.minSeconds=0.5',
  'data.patchFrames=20',
  'data.patchHop=8',
  'train.batchSize=8',
  'train.epochs=4',
  'train.checkpointSeconds=0.000001',
  'schedule.patience=0',
  'schedule.threshold=0.5',
  'views=[{name: mixBack}, {name: gaussianNoise}]',
].flatMap((setting) => ['--set', setting]);

const trainArgs = (data: string, run: string, more: string[] = []) => [
  ...['train', '--data', data, '--out', run],
  ...settings,
  ...['--threads', '1'],
  ...more,
];

describe('audiossl train', () => {
  it('goes on bit-identically after a kill and after SIGTERM: weights, Adam, dropout, plateau, best checkpoint', async () => {
    const data = await toneFolder(8);
    const [whole, broken] = [`${data}-whole`, `${data}-broken`];
    const first = runCli(trainArgs(data, whole));
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/epoch 1 validation: accuracy [\d.]+ % macro, [\d.]+ % micro, loss/);

    expect((await interruptAfter(trainArgs(data, broken), broken, 2, 'SIGKILL')).signal).toBe('SIGKILL');
    const { step } = (await loadCheckpoint(join(broken, 'checkpoints', 'last.safetensors'))).metadata;
    const stopped = await interruptAfter([...trainArgs(data, broken), '--resume'], broken, step + 3, 'SIGTERM');
    expect(stopped).toEqual({ code: 143, signal: null });
    const last = runCli([...trainArgs(data, broken), '--resume']);
    expect(last.code, last.stderr).toBe(0);

    expect(curve(broken)).toEqual(curve(whole));
    for (const name of ['best', 'last']) {
      const [a, b] = [whole, broken].map((run) => tensorBytes(join(run, 'checkpoints', `${name}.safetensors`)));
      expect(a.equals(b), `${name}.safetensors holds the same tensors`).toBe(true);
    }
    // The rate has fallen on the way, so the plateau's state was needed.
    const steps = readLog(whole).filter(({ kind }) => kind === 'step');
    expect(new Set(steps.map(({ learningRate }) => learningRate)).size).toBeGreaterThan(1);
    expect(steps[0]).toMatchObject({ crossEntropyLoss: expect.any(Number), marginLoss: expect.any(Number), batchesWithoutPositives: 0 });
    expect(readLog(whole)[0]).toMatchObject({ kind: 'start', command: expect.arrayContaining(['train']), classNames: ['high', 'low'] });

    const { metadata, tensors } = await loadCheckpoint(join(whole, 'checkpoints', 'best.safetensors'));
    expect(metadata).toMatchObject({ projectionHead: null, encoder: { name: 'supCnn' }, classNames: ['high', 'low'] });
    expect(metadata.standardisation.mean).toHaveLength(24);
    expect(tensors.get('classifier.weight')?.shape).toEqual([64, 2]);

    const evaluation = await runHere(['evaluate', whole, '--protocol', 'classifier', '--split', 'validation', '--threads', '1']);
    expect(evaluation.code, evaluation.stderr).toBe(0);
    const record = JSON.parse(readFileSync(join(whole, 'evaluations', 'classifier-validation-best-seed0.json'), 'utf8'));
    const best = readLog(whole).filter(({ kind, isBest }) => kind === 'monitor' && isBest === true);
    // The look leaves the initial statistics of batch norm out of a run of so few updates, the protocol takes the checkpoint as it is.
    expect(record.checkpointEpoch).toBe(best.at(-1)!.epoch);
  }, 300_000);

  it('refuses in one line, with nothing written: the other command’s loss, an encoder without the feature, no labels, no validation loss', async () => {
    const data = await toneFolder(5);
    const run = `${data}-run`;
    const errorOf = async (args: string[]) => {
      const { code, stderr } = await runHere(args);
      expect(code, stderr).toBe(2);
      return stderr.trim().split('\n').at(-1);
    };
    const withSet = (...sets: string[]) =>
      trainArgs(
        data,
        run,
        sets.flatMap((set) => ['--set', set]),
      );
    expect(await errorOf(withSet('loss={name: ntXent}'))).toBe(
      'audiossl: train: loss.name must be crossEntropyMargin, got ntXent, which needs no labels; use audiossl pretrain',
    );
    expect(await errorOf(withSet('encoder.name=vgg', 'loss.marginOn=pooled'))).toMatch(
      /vgg has none; take the encoder supCnn, or loss.marginOn=embedding$/,
    );
    expect(await errorOf(trainArgs(join(data, 'low'), run))).toMatch(
      /train: labels of 2 classes or more are needed, the store .* has 0; use audiossl pretrain/,
    );
    expect(
      await errorOf([
        'pretrain',
        '--data',
        data,
        '--out',
        run,
        '--set',
        'loss={name: crossEntropyMargin}',
        '--set',
        'frontEnd.minSeconds=1.1',
      ]),
    ).toMatch(/pretrain: loss.name must be one that compares pairs .*, got crossEntropyMargin, which needs labels; use audiossl train$/);
    expect(existsSync(run)).toBe(false);
  }, 300_000);

  it('starts from a pre-trained encoder with its standardisation, each of the other encoders with its margin on h', async () => {
    const data = await toneFolder(6);
    const pretrained = `${data}-pretrained`;
    const small = [
      'frontEnd={preset: acl, nMels: 48, minSeconds: 0.5}',
      'data.patchFrames=24',
      'data.patchHop=12',
      'train.batchSize=4',
      'train.epochs=1',
    ];
    const setAll = (sets: string[]) => [...small, ...sets].flatMap((set) => ['--set', set]);
    const call = (command: string, out: string, sets: string[]) =>
      runHere([command, '--data', data, '--out', out, ...setAll(sets), '--threads', '1']);
    expect((await call('pretrain', pretrained, ['encoder.name=vgg'])).code).toBe(0);
    const from = await call('train', `${data}-from`, [
      'encoder.name=vgg',
      `train.initialise=${pretrained}`,
      'train.epochs=0',
      'train.patches=random',
    ]);
    expect(from.code, from.stderr).toBe(0);
    expect(from.stderr).toContain(`encoder and standardisation from ${join(pretrained, 'checkpoints', 'best.safetensors')} (best), step`);
    const [before, after] = await Promise.all(
      [`${pretrained}/checkpoints/best`, `${data}-from/checkpoints/last`].map((path) => loadCheckpoint(`${path}.safetensors`)),
    );
    expect(after.metadata.standardisation).toEqual(before.metadata.standardisation);
    for (const [name, { data: values }] of after.tensors) {
      if (name.startsWith('encoder.') && !name.endsWith('num_batches_tracked')) expect(values).toEqual(before.tensors.get(name)!.data);
    }
    const other = await call('train', `${data}-other`, ['encoder.name=crnn', `train.initialise=${pretrained}`]);
    expect([other.code, other.stderr.trim().split('\n').at(-1)]).toEqual([
      2,
      `audiossl: train: train.initialise needs a checkpoint of the run's encoder, ${pretrained} has {"name":"vgg"} and the config {"name":"crnn"}; set encoder`,
    ]);
    for (const [name, encoder] of [
      ['resnet18', '{name: resnet18, width: 16}'],
      ['crnn', '{name: crnn}'],
    ]) {
      const result = await call('train', `${data}-${name}`, [`encoder=${encoder}`]);
      expect(result.code, result.stderr).toBe(0);
      expect(result.stderr).toContain('the margin acts on the embedding h');
    }
  }, 300_000);
});
