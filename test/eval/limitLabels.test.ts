import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LabelledClips } from '../../src/eval/evaluationClips.js';
import { limitLabels } from '../../src/eval/limitLabels.js';
import { sha256 } from '../../src/util/hash.js';

/** Clips by `[label, group]`, ids c0, c1 ...; positions in the store are 100 and up. */
function clipsOf(rows: readonly (readonly [label: number, group: string])[]): LabelledClips {
  return {
    indices: rows.map((_, i) => 100 + i),
    labels: rows.map(([label]) => label),
    ids: rows.map((_, i) => `c${i}`),
    groups: rows.map(([, group]) => group),
    numUnlabelled: 0,
  };
}
const ten = (label: number) => Array.from({ length: 10 }, (_, i) => [label, `g${label}-${i}`] as const);
const setOf = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 40 })
  .map((rows) => clipsOf(rows.map(([label, group]) => [label, `g${group}`] as const)));
const countsOf = (labels: number[]) => labels.reduce((counts, label) => counts.set(label, (counts.get(label) ?? 0) + 1), new Map());

describe('limitLabels', () => {
  test('a share without groups is that share of each class, in the order of hash(seed, id)', () => {
    const rows = [...ten(0), ...ten(1)].map(([label], i) => [label, `c${i}`] as const);
    const clips = clipsOf(rows);
    const kept = limitLabels(clips, { labelFraction: 0.3 }, 7);
    // The oracle: the three smallest hashes of each class, told in the order of the clips.
    const expected = [0, 1].flatMap((label) =>
      clips.ids
        .filter((_, i) => clips.labels[i] === label)
        .map((id) => ({ id, hash: sha256(`7\n${id}`) }))
        .sort((a, b) => (a.hash < b.hash ? -1 : 1))
        .slice(0, 3)
        .map(({ id }) => id)
        .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
    );
    expect(kept.ids).toEqual(expected);
    expect(kept.indices).toEqual(expected.map((id) => 100 + Number(id.slice(1))));
    expect(limitLabels(clips, { labelFraction: 0.3 }, 8).ids).not.toEqual(expected);
  });

  test('whole recordings, as many as come nearest to the share, and at least one', () => {
    // One recording of 6 clips, one of 4: half of ten is nearer to one of them than to both, whichever stands first.
    const clips = clipsOf([...Array.from({ length: 6 }, () => [0, 'a'] as const), ...Array.from({ length: 4 }, () => [0, 'b'] as const)]);
    const { groups } = limitLabels(clips, { labelFraction: 0.5 }, 0);
    expect(new Set(groups).size).toBe(1);
    expect(groups.length).toBe(groups[0] === 'a' ? 6 : 4);
    expect(limitLabels(clips, { labelFraction: 0.001 }, 0).groups).toEqual(groups);
    expect(limitLabels(clips, { labelFraction: 1 }, 0)).toEqual(clips);
  });

  test('shots take every recording once before any twice, and all of a class that has fewer', () => {
    const clips = clipsOf([...[0, 0, 0].map((label) => [label, 'long'] as const), [0, 'short'], [0, 'other'], [1, 'lonely']]);
    const kept = limitLabels(clips, { shots: 3 }, 3);
    expect(kept.groups.filter((_, i) => kept.labels[i] === 0).sort()).toEqual(['long', 'other', 'short']);
    expect(kept.labels.filter((label) => label === 1)).toHaveLength(1);
    expect(limitLabels(clips, { shots: 4 }, 3).groups.filter((group) => group === 'long')).toHaveLength(2);
  });

  test('nested in their size; no class is lost; what is kept is a part in the same order, whatever the set', () => {
    fc.assert(
      fc.property(setOf, fc.nat(5), (clips, seed) => {
        const limits = [
          [0.01, 0.1, 0.37, 0.5, 0.9, 1].map((labelFraction) => ({ labelFraction })),
          [1, 2, 3, 5, 40].map((shots) => ({ shots })),
        ];
        for (const sizes of limits) {
          let before = new Set<string>();
          for (const limit of sizes) {
            const kept = limitLabels(clips, limit, seed);
            const ids = new Set(kept.ids);
            for (const id of before) expect(ids.has(id)).toBe(true);
            before = ids;
            expect(new Set(kept.labels)).toEqual(new Set(clips.labels));
            expect(kept.ids).toEqual(clips.ids.filter((id) => ids.has(id)));
            expect(kept.labels).toEqual(kept.ids.map((id) => clips.labels[clips.ids.indexOf(id)]));
          }
          expect(before.size).toBe(clips.ids.length);
        }
        for (const shots of [1, 3]) {
          const all = countsOf(clips.labels);
          for (const [label, count] of countsOf(limitLabels(clips, { shots }, seed).labels)) {
            expect(count).toBe(Math.min(shots, all.get(label)));
          }
        }
      }),
    );
  });

  test('the choice in one class does not depend on the clips of another, nor on the order of the clips', () => {
    const rows = [...ten(0), ...ten(1)];
    const both = clipsOf(rows);
    const of0 = (kept: LabelledClips) => kept.groups.filter((_, i) => kept.labels[i] === 0).sort();
    const kept = of0(limitLabels(both, { labelFraction: 0.4 }, 1));
    expect(kept).toHaveLength(4);
    expect(of0(limitLabels(clipsOf(ten(0)), { labelFraction: 0.4 }, 1))).toEqual(kept);
    expect(of0(limitLabels(clipsOf([...rows].reverse()), { labelFraction: 0.4 }, 1))).toEqual(kept);
  });
});
