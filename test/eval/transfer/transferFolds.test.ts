import { describe, expect, test } from 'vitest';
import type { StoredClip } from '../../../src/data/storeFiles.js';
import { partsOfFold, transferFolds } from '../../../src/eval/transfer/transferFolds.js';

const clip = (id: string, more: Partial<StoredClip>): StoredClip =>
  ({ id, path: id, firstFrame: 0, numFrames: 10, numSamples: 1, sampleRate: 1, sourceBytes: 1, sourceMtimeMs: 0, ...more }) as StoredClip;
const storeOf = (clips: StoredClip[]) => ({ clips, dir: 'store' });

/** 12 clips of two classes, two a recording. */
const twelve = (more: (i: number) => Partial<StoredClip> = () => ({})) =>
  Array.from({ length: 12 }, (_, i) => clip(`${i}`, { label: i % 4 < 2 ? 'bark' : 'rain', group: `g${Math.floor(i / 2)}`, ...more(i) }));

describe('transferFolds', () => {
  test('takes the folds of the data; of a recording in two folds nothing is learnt when one of its clips is predicted', () => {
    const clips = twelve((i) => ({ fold: String(1 + (i % 3)) }));
    const folds = transferFolds(storeOf(clips), { seed: 0 });
    expect(folds).toMatchObject({ how: 'the folds of the data', folds: ['1', '2', '3'], classNames: ['bark', 'rain'] });
    expect([...folds.foldOf]).toEqual(clips.map((_, i) => i % 3));
    expect(folds.notes.join()).toMatch(/6 recordings have clips in several folds/);
    const predicted: number[] = [];
    for (const fold of [0, 1, 2]) {
      const { train, test: tested } = partsOfFold(folds, fold);
      predicted.push(...tested);
      expect(train.filter((i) => tested.some((j) => folds.groups[i] === folds.groups[j]))).toEqual([]);
      expect(train.every((i) => folds.foldOf[i] !== fold)).toBe(true);
    }
    expect(predicted.sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
  });

  test('without folds, makes some of whole recordings; splits of the data play no part', () => {
    const clips = twelve((i) => ({ split: i === 0 ? 'test' : 'train' }));
    const folds = transferFolds(storeOf(clips), { numFolds: 3, seed: 4 });
    expect(folds.how).toBe('3 folds of whole recordings, stratified by class, seed 4');
    expect(new Set(folds.groups.map((group, i) => `${group}${folds.foldOf[i]}`)).size).toBe(6);
    for (const label of [0, 1]) expect(new Set(folds.labels.flatMap((own, i) => (own === label ? folds.foldOf[i] : []))).size).toBe(3);
  });

  test('says which classes are too small and which clips have no label; refuses what can have no accuracy', () => {
    const clips = [...twelve(), clip('x', { label: 'odd' }), clip('y', {})];
    const folds = transferFolds(storeOf(clips), { numFolds: 3, seed: 0 });
    expect(folds.ids).toEqual([...Array(12).keys()].map(String));
    expect(folds.notes).toEqual(['1 clips without a label are left out', 'classes with fewer than 3 recordings are left out: odd']);
    expect(transferFolds(storeOf(twelve((i) => (i === 3 ? {} : { fold: '1' }))), { numFolds: 3, seed: 0 }).notes.join()).toMatch(
      /1 labelled clips have no fold, so the fold column is not used/,
    );
    expect(() => transferFolds(storeOf([clip('a', {})]), { seed: 0 })).toThrow(
      /accuracy needs labels, none of the 1 clips of store has one/,
    );
    expect(() => transferFolds(storeOf(twelve()), { numFolds: 5, seed: 0 })).toThrow(/at least 2 classes of 5 recordings each .* has 0/);
  });
});
