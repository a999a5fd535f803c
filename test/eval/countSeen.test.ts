import { describe, expect, it } from 'vitest';
import type { Split } from '../../src/data/clip.js';
import { countSeen } from '../../src/eval/evaluationSplit.js';

const split = (parts: Record<string, Split>) => ({ splitOf: new Map(Object.entries(parts)), sha256: '', notes: [] });
const all = (clips: readonly unknown[]) => clips.map((_, i) => i);

describe('countSeen', () => {
  const run = split({ 'a.wav': 'train', 'b.wav': 'train', 'c.wav': 'validation' });
  const contents = new Map([
    ['a.wav', 'A'],
    ['b.wav', 'B'],
    ['c.wav', 'C'],
  ]);

  it('knows copies of trained recordings under other names', () => {
    const clips = ['A', 'B', 'C', 'D'].map((contentHash, i) => ({ id: `copy/${i}.wav`, contentHash }));
    expect(countSeen({ clips }, run, contents, all(clips))).toEqual({ train: 2, validation: 1, numUnknown: 0 });
  });

  it('knows that the same name may be another sound', () => {
    const clips = [
      { id: 'a.wav', contentHash: 'X' },
      { id: 'b.wav', contentHash: 'B' },
    ];
    expect(countSeen({ clips }, run, contents, all(clips))).toEqual({ train: 1, validation: 0, numUnknown: 0 });
  });

  it('says unknown where the clips, or the run, have no content to compare', () => {
    const clips = [{ id: 'x.wav' }, { id: 'a.wav' }, { id: 'y.wav', contentHash: 'B' }];
    expect(countSeen({ clips }, run, contents, all(clips))).toEqual({ train: 2, validation: 0, numUnknown: 2 });
    expect(countSeen({ clips }, run, new Map(), all(clips))).toEqual({ train: 1, validation: 0, numUnknown: 3 });
  });

  it('finds copies across the splits of one store, also for a run that kept no content', () => {
    const clips = [
      { id: 'a.wav', contentHash: 'A' },
      { id: 'b.wav', contentHash: 'B' },
      { id: 'c.wav', contentHash: 'C' },
      { id: 't.wav', contentHash: 'A' },
      { id: 'u.wav', contentHash: 'U' },
    ];
    const own = split({ 'a.wav': 'train', 'b.wav': 'train', 'c.wav': 'validation', 't.wav': 'test', 'u.wav': 'test' });
    expect(countSeen({ clips }, own, new Map(), [3, 4])).toEqual({ train: 1, validation: 0, numUnknown: 0 });
  });

  it('counts other cuts of a recording by their group', () => {
    const clips = [
      { id: 'a.wav', group: 'g', contentHash: 'A' },
      { id: 'a2.wav', group: 'g', contentHash: 'A2' },
    ];
    expect(countSeen({ clips }, split({ 'a.wav': 'train', 'a2.wav': 'test' }), new Map(), [1])).toMatchObject({ train: 1 });
  });
});
