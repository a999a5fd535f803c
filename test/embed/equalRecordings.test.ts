import fc from 'fast-check';
import { expect, it } from 'vitest';
import { equalRecordings } from '../../src/embed/equalRecordings.js';

const dim = 2;
// Few values, so that recordings of one to four rows are equal, or begin alike, again and again.
const recording = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 4 });

it('finds the groups that a comparison of all pairs finds, whatever the blocks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(recording, { maxLength: 12 }), fc.constantFrom(1, 1400), async (recordings, times) => {
      // With `times` rows a value, recordings go over the border of what is read at once.
      const rows = recordings.map((values) => values.flatMap((value) => new Array<number>(times).fill(value)));
      const ids = rows.flatMap((values, i) => values.map(() => `${i}`));
      const h = Float32Array.from(rows.flat().flatMap((value) => [value, -value]));
      const table = { dim, ids, timestamps: new Float64Array(ids.length), readRows: async (first: number, count: number) => h.slice(first * dim, (first + count) * dim) }; // biome-ignore format: one line
      const groups = new Map<string, string[]>();
      for (const [i, values] of recordings.entries()) groups.set(values.join(), [...(groups.get(values.join()) ?? []), `${i}`]);
      expect(await equalRecordings(table)).toEqual([...groups.values()].filter(({ length }) => length > 1));
    }),
    // The first of three equal ones goes over the border.
    { numRuns: 20, examples: [[[[0, 0, 1], [1], [0, 0, 1], [0, 0, 1]], 1400]] },
  );
});
