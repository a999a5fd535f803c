import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { readClipEmbeddings, writeClipEmbeddings } from '../../src/run/clipEmbeddings.js';
import { type EvaluationInput, evaluationName, evaluationPaths, readEvaluations, writeEvaluation } from '../../src/run/evaluationRecord.js';
import { readPredictions, writePredictions } from '../../src/run/predictions.js';
import { createRun, type RunFolder } from '../../src/run/runFolder.js';
import { appendTestAccess, readTestAccess } from '../../src/run/testAccess.js';
import { readViewPictures, writeViewPictures } from '../../src/run/viewPictures.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

let run: RunFolder;
beforeEach(async () => {
  ({ run } = await createRun(temporaryFolder()));
});

const record: EvaluationInput = {
  schemaVersion: 1,
  protocol: 'linear',
  split: 'test',
  checkpoint: 'best',
  checkpointSha256: 'abc',
  seed: 3,
  time: '2026-01-01T00:00:00.000Z',
  command: ['audiossl', 'evaluate'],
  classNames: ['a', 'b'],
  numClips: 4,
  clipMicroAccuracy: 0.75,
  clipMicroAccuracyInterval: [0.3, 0.95],
  clipMacroAccuracy: 0.75,
  clipMacroAccuracyInterval: null,
  patchWeightedAccuracy: 0.7,
  top3Accuracy: null,
  perClass: [
    { label: 'a', numClips: 2, recall: 0.5, interval: [0.1, 0.9] },
    { label: 'b', numClips: 2, recall: 1, interval: [0.3, 1] },
  ],
  confusion: [
    [1, 1],
    [0, 2],
  ],
  versions: { audiossl: '0.1.0' },
  frontEndHash: 'f',
  configHash: 'c',
};

describe('evaluation records', () => {
  it('come back as they were written, with defaults filled in', async () => {
    expect(await writeEvaluation(run, record)).toBe('linear-test-best-seed3');
    const [back] = await readEvaluations(run);
    expect(back.name).toBe('linear-test-best-seed3');
    expect(back.record).toMatchObject(record);
    expect(back.record.baselines).toEqual([]);
    expect(back.record.notes).toEqual([]);
  });

  it('names a checkpoint given by path by its file, and two such files differently', () => {
    const name = (checkpoint: string) => evaluationName({ protocol: 'knn', split: 'validation', checkpoint, seed: 0 });
    expect(name('/x/epoch 10.safetensors')).toMatch(/^knn-validation-epoch_10_[0-9a-f]{8}-seed0$/);
    expect(name('/x/a.safetensors')).not.toBe(name('/y/a.safetensors'));
    expect(name('../../evil/..')).not.toContain('/');
  });

  it('say in their name which labels and which fold were used', () => {
    const name = (identity: Partial<EvaluationInput>) =>
      evaluationName({ protocol: 'linear', split: 'test', checkpoint: 'best', seed: 2, ...identity });
    expect(name({ labelFraction: 0.1 })).toBe('linear-labels10-test-best-seed2');
    expect(name({ labelFraction: 0.07 })).toBe('linear-labels7-test-best-seed2');
    expect(name({ labelFraction: 0.005 })).toBe('linear-labels0.5-test-best-seed2');
    expect(name({ shots: 5, variant: 'neighbours5' })).toBe('linear-shots5-neighbours5-test-best-seed2');
    expect(name({ shots: 5, fold: '3' })).toBe('linear-shots5-fold3-test-best-seed2');
    expect(name({ fold: '../x' })).not.toContain('/');
    expect(name({ labelFraction: null, shots: null, fold: null })).toBe('linear-test-best-seed2');
    const of = (fold: string) => ({ fold, numClips: 1, clipMicroAccuracy: 0, clipMacroAccuracy: 0 });
    expect(name({ shots: 1, folds: [of('1'), of('b/2')] })).toMatch(/^linear-shots1-folds1_b_2_[0-9a-f]{8}-test-best-seed2$/);
    expect(name({ trainOn: 'clean', labelFraction: 0.1 })).toBe('linear-clean-labels10-test-best-seed2');
    expect(name({ dataset: 'esc 10', fold: '1' })).toBe('linear-on_esc_10-fold1-test-best-seed2');
    // Names that have no characters for files, or nothing but other ones between them, or many: a file each, whose name file systems take.
    const folds = ['北京', '上海', '广州', 'a b', 'a_b', 'a-b', 'r'.repeat(300), 'r'.repeat(301)];
    const sites = (first: number) => Array.from({ length: 60 }, (_, i) => of(`site${first + i}`));
    const all = [...folds.map((fold) => name({ fold })), ...folds.map((fold) => name({ folds: [of('1'), of(fold)] }))];
    all.push(name({ folds: sites(0) }), name({ folds: sites(1) }));
    expect(new Set(all).size).toBe(all.length);
    for (const one of all) expect(one.length).toBeLessThan(150);
  });

  it.each<[string, Partial<EvaluationInput>, RegExp]>([
    ['a confusion matrix of another size', { confusion: [[4]] }, /confusion matrix must be 2 x 2/],
    ['clips that were lost', { numClips: 5 }, /must hold numClips 5 clips, holds 4/],
    ['classes in another order', { perClass: [...record.perClass].reverse() }, /perClass must follow the 2 class names/],
    ['an accuracy in per cent', { clipMicroAccuracy: 75 }, /clipMicroAccuracy/],
    ['an unknown field', { accuracy: 1 } as Partial<EvaluationInput>, /accuracy/],
  ])('refuses %s, and writes nothing', async (_what, change, message) => {
    await expect(writeEvaluation(run, { ...record, ...change })).rejects.toThrow(message);
    expect(await readdir(run.evaluations)).toEqual([]);
  });

  it('names the file that is broken', async () => {
    await writeFile(evaluationPaths(run, 'x').record, '{');
    await expect(readEvaluations(run)).rejects.toThrow(/readEvaluations: .*x\.json must be JSON/);
  });
});

describe('predictions', () => {
  const classNames = ['id', 'a,b', '"q"', '=cmd'];
  const predictions = [
    { id: 'x/ä "1".wav', label: 'a,b', predicted: 'id', probabilities: [0.5, 0.25, 0.25, 0] },
    { id: '=1+1.wav', label: '=cmd', predicted: '=cmd', probabilities: [1e-7, 0, 0, 0.9999999] },
  ];

  it('come back with their class names, whatever the names are', async () => {
    await writePredictions(run, 'x', { classNames, predictions });
    expect(await readPredictions(run, 'x')).toEqual({ classNames, predictions });
    expect((await readFile(evaluationPaths(run, 'x').predictions, 'utf8')).split('\n')[0]).toBe(
      'id,label,predicted,probability:id,"probability:a,b","probability:""q""",probability:=cmd',
    );
    expect(await readPredictions(run, 'absent')).toBe(undefined);
  });

  it('keep the group of a clip, where it has one', async () => {
    const grouped = [{ ...predictions[0], group: 'g1' }, ...predictions.slice(1)];
    await writePredictions(run, 'x', { classNames, predictions: grouped });
    expect(await readPredictions(run, 'x')).toEqual({ classNames, predictions: grouped });
  });

  it('refuses a row with too few probabilities', async () => {
    await expect(writePredictions(run, 'x', { classNames, predictions: [{ ...predictions[0], probabilities: [1] }] })).rejects.toThrow(
      /needs 4 probabilities, got 1/,
    );
  });
});

describe('clip embeddings', () => {
  it('come back as a matrix', async () => {
    await writeClipEmbeddings(run, 'x', { data: Float32Array.of(1, 2, 3, 4, 5, 6), dim: 3 });
    expect(await readClipEmbeddings(run, 'x')).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), numRows: 2, dim: 3 });
    expect(await readClipEmbeddings(run, 'absent')).toBe(undefined);
    await expect(writeClipEmbeddings(run, 'x', { data: new Float32Array(5), dim: 3 })).rejects.toThrow(/multiple of dim 3, got 5/);
  });
});

describe('test access', () => {
  it('is a line a look, oldest first', async () => {
    const access = {
      time: 't',
      command: ['a'],
      protocol: 'knn',
      checkpoint: 'best',
      checkpointSha256: 'x',
      seed: 0,
      numClips: 4,
      evaluation: 'e',
    };
    expect(await readTestAccess(run)).toEqual([]);
    await appendTestAccess(run, access);
    await appendTestAccess(run, { ...access, seed: 1 });
    expect(await readTestAccess(run)).toEqual([access, { ...access, seed: 1 }]);
    expect((await readFile(run.testAccess, 'utf8')).split('\n').length).toBe(3);
    await writeFile(run.testAccess, '{"time":1}\n');
    await expect(readTestAccess(run)).rejects.toThrow(/test-access\.jsonl: record 1: /);
  });
});

describe('view pictures', () => {
  it('come back bit by bit, from a part of a larger buffer too', async () => {
    const data = Float32Array.of(9, 1.5, -2, 3e-8, 4, 5, 6).subarray(1);
    const views = [[{ name: 'patch', numFrames: 3, nMels: 2, data }], [{ name: 'patch', note: 'x', numFrames: 2, nMels: 3, data }]];
    await writeViewPictures(run, { clip: 'a.wav', views, gallery: views[0] });
    const back = await readViewPictures(run);
    expect(back?.clip).toBe('a.wav');
    expect(back?.views.map((view) => view.map((picture) => [...picture.data]))).toEqual([[[...data]], [[...data]]]);
    expect(back?.views[1][0].note).toBe('x');
    expect(back?.gallery?.[0].numFrames).toBe(3);
    await expect(writeViewPictures(run, { clip: 'a', views: [[{ ...views[0][0], numFrames: 4 }]] })).rejects.toThrow(
      /patch must have 4 x 2 values, got 6/,
    );
  });
});
