import { describe, expect, test } from 'vitest';
import { foldNames } from '../../src/data/foldRoles.js';
import type { StoredClip } from '../../src/data/storeFiles.js';
import { foldSplit } from '../../src/eval/foldSplit.js';

const clip = (id: string, fold?: string, more: Partial<StoredClip> = {}): StoredClip => ({
  ...{ id, path: id, label: 'a', labelIndex: 0, fold, firstFrame: 0, numFrames: 1, numSamples: 1, sampleRate: 1 },
  ...{ sourceBytes: 1, sourceMtimeMs: 1 },
  ...more,
});
const clips = ['1', '2', '10'].flatMap((fold) => [clip(`${fold}a`, fold), clip(`${fold}b`, fold)]);
const of = (split: ReturnType<typeof foldSplit>) =>
  Object.fromEntries(
    ['train', 'validation', 'test'].map((name) => [name, [...split.splitOf].flatMap(([id, s]) => (s === name ? [id] : []))]),
  );

describe('foldSplit', () => {
  test('folds are ordered as numbers, names after them', () => {
    expect(foldNames([clip('x', 'b'), clip('y'), clip('z', 'a'), ...clips])).toEqual(['1', '2', '10', 'a', 'b']);
  });

  test('the fold is tested, the next one validates, after the last the first; the rest trains', () => {
    expect(of(foldSplit(clips, '2'))).toEqual({ train: ['1a', '1b'], validation: ['10a', '10b'], test: ['2a', '2b'] });
    expect(of(foldSplit(clips, '10'))).toEqual({ train: ['2a', '2b'], validation: ['1a', '1b'], test: ['10a', '10b'] });
  });

  test('every clip with a fold is tested once over all folds, whatever its split column; one without is in no set', () => {
    const odd = [
      ...clips.map((c, i) => ({ ...c, split: (['test', 'validation', 'train'] as const)[i % 3] })),
      clip('none'),
      clip('t', undefined, { split: 'test' }),
    ];
    const tested = foldNames(odd).flatMap((fold) => of(foldSplit(odd, fold)).test);
    expect(tested.sort()).toEqual(clips.map(({ id }) => id).sort());
    const { splitOf, notes } = foldSplit(odd, '1');
    expect([splitOf.has('none'), splitOf.has('t')]).toEqual([false, false]);
    expect(notes.join()).toMatch(/2 clips are in no named fold/);
  });

  test('a recording in two folds is not trained on where it is tested', () => {
    const shared = [...clips, clip('1c', '1', { group: 'g' }), clip('10c', '10', { group: 'g' })];
    const { splitOf, notes } = foldSplit(shared, '1');
    expect([splitOf.get('1c'), splitOf.has('10c')]).toEqual(['test', false]);
    expect(notes.join()).toMatch(/1 clips dropped.*10c \(train\)/);
  });

  test('unknown folds and data with too few are refused with what there is', () => {
    expect(() => foldSplit(clips, '3')).toThrow(/must name folds of the data, got 3; it has 1, 2, 10/);
    expect(() => foldSplit(clips.slice(0, 4), '1')).toThrow(/at least 3 folds .*got the folds 1, 2; give the data a fold column/);
    expect(() => foldSplit([clip('x')], '1')).toThrow(/got data without folds/);
  });
});
