import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sampleBackgrounds } from '../../src/augment/sampleBackgrounds.js';
import { UsageError } from '../../src/util/errors.js';

const sampleStart = (rng: { integer(low: number, high: number): number }, clip: number): number => rng.integer(0, clip + 1);

it('never takes the clip itself, nor one clip for both views, nor one outside the pool', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 3, maxLength: 20 }),
      fc.integer({ min: 0, max: 1e6 }),
      fc.nat(200),
      (pool, seed, epoch) => {
        const [first, second] = sampleBackgrounds({ seed, epoch, clips: pool, pool, sampleStart });
        pool.forEach((clip, i) => {
          expect(new Set([clip, first[i].clip, second[i].clip]).size).toBe(3);
          for (const { clip: drawn, start } of [first[i], second[i]]) {
            expect(pool).toContain(drawn);
            expect(start).toBeGreaterThanOrEqual(0);
            expect(start).toBeLessThanOrEqual(drawn);
          }
        });
      },
    ),
  );
});

it('depends on the clip and not on the batch that it is in', () => {
  const pool = [0, 1, 2, 3, 4, 5];
  const together = sampleBackgrounds({ seed: 7, epoch: 2, clips: [4, 1, 3], pool, sampleStart });
  const alone = sampleBackgrounds({ seed: 7, epoch: 2, clips: [3], pool, sampleStart });
  expect(alone).toEqual(together.map((view) => [view[2]]));
  expect(sampleBackgrounds({ seed: 7, epoch: 3, clips: [4, 1, 3], pool, sampleStart })).not.toEqual(together);
});

it('is uniform over the other clips', () => {
  const pool = [0, 1, 2, 3, 4];
  const counts = [[], []].map(() => new Array<number>(5).fill(0));
  for (let epoch = 0; epoch < 4000; epoch++) {
    const views = sampleBackgrounds({ seed: 1, epoch, clips: [2], pool, sampleStart });
    views.forEach(([{ clip }], view) => {
      counts[view][clip]++;
    });
  }
  for (const count of counts) {
    expect(count[2]).toBe(0);
    // 1000 each; five standard deviations of a binomial(4000, 1/4) are 137.
    for (const clip of [0, 1, 3, 4]) expect(Math.abs(count[clip] - 1000)).toBeLessThan(137);
  }
});

it('says what to do where there are too few clips', () => {
  const few = () => sampleBackgrounds({ seed: 1, epoch: 0, clips: [0], pool: [0, 1], sampleStart });
  expect(few).toThrow(UsageError);
  expect(few).toThrow('mixBack needs at least 3 training clips, got 2; leave mixBack out of views');
});
