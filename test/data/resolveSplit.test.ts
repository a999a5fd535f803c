import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clip, groupOf, type Split } from '../../src/data/clip.js';
import { dataOptions } from '../../src/data/dataOptions.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { type ResolvedSplit, resolveSplit } from '../../src/data/resolveSplit.js';
import { sha256 } from '../../src/util/hash.js';
import { testData } from '../support/testData.js';

const options = (given: object = {}) => dataOptions.parse(given);
const count = ({ splitOf }: ResolvedSplit, split: Split) => [...splitOf.values()].filter((value) => value === split).length;
const clip = (id: string, rest: Partial<Clip> = {}): Clip => ({ id, path: `/${id}`, ...rest });

const clipsArbitrary = fc
  .array(
    fc.record(
      {
        label: fc.constantFrom('a', 'b', 'c'),
        split: fc.constantFrom('train' as const, 'train' as const, 'validation' as const, 'test' as const),
        fold: fc.constantFrom('1', '2', '3'),
        group: fc.integer({ min: 0, max: 30 }).map(String),
        isVerified: fc.boolean(),
        isNoisySmall: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    { minLength: 1, maxLength: 60 },
  )
  .map((rows) => rows.map((row, i) => clip(`clip${i}.wav`, row)));

/** Undefined where the protocol does not fit the clips, which is a UsageError. */
function trySplit(clips: Clip[], given: object, seed: number): ResolvedSplit | undefined {
  try {
    return resolveSplit(clips, options(given), seed);
  } catch (error) {
    expect((error as Error).name).toBe('UsageError');
    return undefined;
  }
}

describe('resolveSplit', () => {
  const protocols = ['auto', 'generic', 'ssl', 'ssl-all', 'all', 'clean', 'noisy', 'noisySmall'];
  const choices = [
    ...protocols.map((protocol) => ({ protocol })),
    { protocol: 'generic', testFold: 3 },
    { protocol: 'generic', trainFolds: [1], validationFolds: [2] },
  ];

  it('never puts a clip or a group into two splits', () => {
    fc.assert(
      fc.property(clipsArbitrary, fc.constantFrom(...choices), fc.integer({ min: 0, max: 99 }), (clips, given, seed) => {
        const split = trySplit(clips, given, seed);
        if (split === undefined) return;
        const splitOfGroup = new Map<string, Split>();
        for (const each of clips) {
          const value = split.splitOf.get(each.id);
          if (value === undefined) continue;
          const before = splitOfGroup.get(groupOf(each));
          expect(before === undefined || before === value).toBe(true);
          splitOfGroup.set(groupOf(each), value);
        }
        const rows = split.csvText.trim().split('\n').slice(1);
        expect(rows).toEqual([...split.splitOf].map(([id, value]) => `${id},${value}`).sort());
        expect(split.sha256).toBe(sha256(split.csvText));
      }),
      { numRuns: 400 },
    );
  });

  it('does not depend on the order of the clips, and keeps test clips out of training whatever the seed', () => {
    fc.assert(
      fc.property(clipsArbitrary, fc.integer({ min: 0, max: 99 }), (clips, seed) => {
        const split = trySplit(clips, { protocol: 'generic' }, seed);
        expect(trySplit([...clips].reverse(), { protocol: 'generic' }, seed)?.csvText).toBe(split?.csvText);
        if (split === undefined) return;
        for (const { id, split: declared } of clips) if (declared === 'test') expect(split.splitOf.get(id)).toBe('test');
      }),
    );
  });

  it('sets 15 % of every class apart, others with another seed, and the same of a class whatever the other classes hold', () => {
    const clips = ['a', 'b'].flatMap((label) => Array.from({ length: 100 }, (_, i) => clip(`${label}${i}.wav`, { label })));
    const chosen = (seed: number, from = clips) => {
      const { splitOf } = resolveSplit(from, options(), seed);
      return from.flatMap(({ id, label }) => (label === 'a' && splitOf.get(id) === 'validation' ? id : []));
    };
    expect(chosen(1)).toHaveLength(15);
    expect(chosen(1)).not.toEqual(chosen(2));
    expect(chosen(1, clips.slice(0, 150))).toEqual(chosen(1));
    expect(count(resolveSplit(clips, options(), 1), 'validation')).toBe(30);
    expect(count(resolveSplit(clips, options({ validationFraction: 0 }), 1), 'validation')).toBe(0);
  });

  it('moves whole groups, and leaves every class something to train on', () => {
    const clips = Array.from({ length: 120 }, (_, i) => clip(`${i}.wav`, { label: 'a', group: String(Math.floor(i / 4)) }));
    const split = resolveSplit(clips, options(), 5);
    // 15 % of 120 is 18: four groups of four (16) and five (20) are equally near, and the first is reached first.
    expect(count(split, 'validation')).toBe(16);
    for (let i = 0; i < 120; i++) expect(split.splitOf.get(`${i}.wav`)).toBe(split.splitOf.get(`${i - (i % 4)}.wav`));

    const rare = [
      clip('1.wav', { label: 'r' }),
      clip('2.wav', { label: 'r' }),
      clip('3.wav', { label: 'r' }),
      clip('4.wav', { label: 'single' }),
    ];
    const small = resolveSplit(rare, options(), 0);
    expect(count(small, 'validation')).toBe(1);
    expect(small.splitOf.get('4.wav')).toBe('train');
  });

  it('goes by folds as ESC-10 needs it: train 1-3, validation 4, test 5', () => {
    const clips = Array.from({ length: 50 }, (_, i) =>
      clip(`${i}.wav`, { fold: String((i % 5) + 1), split: i % 5 === 4 ? 'test' : 'train' }),
    );
    const split = resolveSplit(clips, options({ trainFolds: [1, 2, 3], validationFolds: [4], testFold: 5 }), 0);
    for (const { id, fold } of clips) expect(split.splitOf.get(id)).toBe(fold === '5' ? 'test' : fold === '4' ? 'validation' : 'train');
    // Without naming the test fold the split column still holds it back.
    expect(resolveSplit(clips, options({ trainFolds: [1, 2, 3], validationFolds: [4] }), 0).csvText).toBe(split.csvText);
    // Another test fold: fold 5 trains, and nothing else is test.
    const rotated = resolveSplit(clips, options({ testFold: '1', validationFolds: ['2'] }), 0);
    for (const { id, fold } of clips) expect(rotated.splitOf.get(id)).toBe(fold === '1' ? 'test' : fold === '2' ? 'validation' : 'train');
    // A fold that is nowhere named is not used when the training folds are.
    expect(count(resolveSplit(clips, options({ trainFolds: [1], validationFolds: [2], testFold: 5 }), 0), 'train')).toBe(10);
  });

  it('leaves the validation clips of data that have some where they are, also where it is known which labels were verified', () => {
    const splits = ['train', 'train', 'validation', 'test'] as const;
    const clips = Array.from({ length: 40 }, (_, i) => clip(`${i}.wav`, { split: splits[i % 4], isVerified: i % 3 === 0 }));
    const own = clips.filter(({ split }) => split === 'validation').map(({ id }) => id);
    const of = (protocol: string) => {
      const { splitOf } = resolveSplit(clips, options({ protocol }), 0);
      return [...splitOf].filter(([, split]) => split === 'validation').map(([id]) => id);
    };
    expect(of('auto').sort()).toEqual([...own].sort());
    for (const protocol of ['clean', 'noisy', 'all', 'ssl-all']) expect(of(protocol).sort(), protocol).toEqual([...own].sort());
    // What was verified validates besides.
    const verified = clips.filter(({ split, isVerified }) => split === 'train' && isVerified).map(({ id }) => id);
    expect(of('ssl').sort()).toEqual([...own, ...verified].sort());
  });

  it('refuses what does not fit, naming it', () => {
    const clips = [clip('a.wav', { fold: '1' }), clip('b.wav', { fold: '2' })];
    expect(() => resolveSplit(clips, options({ testFold: 7 }), 0)).toThrow(/fold 7 \(test\) must be one of the data's folds, got 1, 2/);
    expect(() => resolveSplit(clips, options({ trainFolds: [1], testFold: 1 }), 0)).toThrow(/fold 1 is named for train and for test/);
    expect(() => resolveSplit(clips, options({ protocol: 'clean' }), 0)).toThrow(/needs to know which training clips are verified/);
    expect(() => resolveSplit(clips, options({ protocol: 'all', testFold: 1 }), 0)).toThrow(/folds need the protocol generic/);
    expect(() => resolveSplit([clip('a.wav', { split: 'test' })], options(), 0)).toThrow(
      /protocol generic must have clips to train on, none of the 1 clips is one; choose another/,
    );
    const noisy = [clip('a.wav', { split: 'train', isVerified: false, isNoisySmall: false })];
    for (const protocol of ['clean', 'noisySmall'])
      expect(() => resolveSplit(noisy, options({ protocol }), 0)).toThrow(`the protocol ${protocol} must have clips to train on`);
  });

  it('names the classes that a split lacks', () => {
    const train = ['a', 'b', 'c'].map((label, i) => clip(`${i}.wav`, { label, split: 'train' }));
    const notes = (clips: Clip[]) => resolveSplit(clips, options({ validationFraction: 0 }), 0).notes.slice(1);
    expect(notes([...train, clip('t.wav', { label: 'b', split: 'test' }), clip('v.wav', { label: 'd', split: 'validation' })])).toEqual([
      '1 of 4 classes have no train clips: d',
      '3 of 4 classes have no validation clips: a, b, c',
      '3 of 4 classes have no test clips: a, c, d',
    ]);
    // Without any test clips, and without labels, there is nothing to say.
    expect(notes(train)).toEqual([]);
    expect(notes([clip('a.wav'), clip('t.wav', { split: 'test' })])).toEqual([]);
  });

  it("chooses by the run's seed, or by splitSeed where that is given", () => {
    const clips = Array.from({ length: 40 }, (_, i) => clip(`${i}.wav`, { label: 'a' }));
    const csv = (given: object, seed: number) => resolveSplit(clips, options(given), seed).csvText;
    expect(csv({}, 1)).not.toBe(csv({}, 2));
    expect(csv({ splitSeed: 1 }, 2)).toBe(csv({}, 1));
  });
});

const meta = testData('fsdnoisy18k_meta');
describe.skipIf(meta === undefined)('FSDnoisy18k protocols', async () => {
  const { clips } = meta === undefined ? { clips: [] } : await loadDataset(meta);

  it('drop the three clips that stand in train and test, unless asked to keep them', () => {
    const split = resolveSplit(clips, options(), 0);
    expect([count(split, 'train'), count(split, 'validation'), count(split, 'test')]).toEqual([15810, 1772, 947]);
    expect(split.notes.join('\n')).toMatch(/3 clips dropped .*393581\.wav \(train\), .*414515\.wav \(train\), .*417524\.wav \(train\)/);
    const kept = resolveSplit(clips, options({ compat: { keepOverlap: true } }), 0);
    expect([count(kept, 'train'), count(kept, 'validation'), count(kept, 'test')]).toEqual([15813, 1772, 947]);
  });

  it.each([
    ['ssl-all', 17582],
    ['all', 17582],
    ['clean', 1772],
    // The three are noisy clips, none of them noisy_small.
    ['noisy', 15810],
    ['noisySmall', 1003],
  ])('%s splits %i clips 85 to 15 in each class', (protocol, total) => {
    const split = resolveSplit(clips, options({ protocol }), 271828);
    expect(count(split, 'train') + count(split, 'validation')).toBe(total);
    // Half a clip a class at most from rounding.
    expect(Math.abs(count(split, 'validation') - 0.15 * total)).toBeLessThanOrEqual(10);
    expect(count(split, 'test')).toBe(947);
    const inClass = (label: string, wanted?: Split) =>
      clips.filter(
        (each) =>
          each.label === label &&
          each.split === 'train' &&
          (wanted === undefined ? ['train', 'validation'].includes(split.splitOf.get(each.id)!) : split.splitOf.get(each.id) === wanted),
      ).length;
    for (const label of ['Fire', 'Clapping', 'Wind'])
      expect(Math.abs(inClass(label, 'validation') - 0.15 * inClass(label))).toBeLessThanOrEqual(0.5);
  });
});
