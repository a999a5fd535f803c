import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochBatches, gridStarts, sampleStart } from '../../src/data/samplers.js';
import { Rng } from '../../src/util/rng.js';

const rng = () => new Rng({ seed: 7, purpose: 'test' });

describe('sampleStart', () => {
  it('draws every start equally often, the last one included', () => {
    const random = rng();
    const counts = new Array(5).fill(0);
    for (let i = 0; i < 10_000; i++) counts[sampleStart(random, 105, 101)]++;
    // 2000 each; the standard deviation of a count is 40, so 200 is five of them.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('leaves the last start out on request, as the authors do: 102 frames always start at 0', () => {
    const random = rng();
    const starts = new Set(Array.from({ length: 500 }, () => sampleStart(random, 105, 101, { excludeLastStart: true })));
    expect([...starts].sort()).toEqual([0, 1, 2, 3]);
    expect(sampleStart(random, 102, 101, { excludeLastStart: true })).toBe(0);
  });

  it('uses up no number for a clip of one patch, and refuses a shorter one', () => {
    const random = rng();
    expect(sampleStart(random, 101, 101)).toBe(0);
    expect(random.uint32()).toBe(rng().uint32());
    expect(() => sampleStart(random, 100, 101)).toThrow(/at least 101 frames, got 100/);
  });
});

describe('gridStarts', () => {
  it.each([
    [101, [0]],
    [102, [0, 1]],
    [151, [0, 50]],
    [152, [0, 50, 51]],
    [251, [0, 50, 100, 150]],
    [300, [0, 50, 100, 150, 199]],
  ])('%i frames', (numFrames, starts) => {
    expect(gridStarts(numFrames, 101, 50)).toEqual(starts);
  });

  it('covers every frame, in order, without repeats', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(200), fc.integer({ min: 1, max: 60 }), (patchFrames, more, hop) => {
        const numFrames = patchFrames + more;
        const starts = gridStarts(numFrames, patchFrames, hop);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)).toBe(more);
        for (let i = 1; i < starts.length; i++) {
          expect(starts[i]).toBeGreaterThan(starts[i - 1]);
          expect(starts[i] - starts[i - 1]).toBeLessThanOrEqual(hop);
        }
      }),
    );
    expect(() => gridStarts(100, 101, 50)).toThrow(/at least 101/);
    expect(() => gridStarts(200, 101, 0)).toThrow(/hop/);
  });
});

describe('epochBatches', () => {
  it('visits every clip once, in batches of one size but the last, which never has under 8', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 1, max: 64 }), fc.nat(5), (numClips, batchSize, epoch) => {
        const batches = epochBatches({ numClips, batchSize, seed: 3, epoch });
        expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(Array.from({ length: numClips }, (_, i) => i));
        for (const batch of batches.slice(0, -1)) expect(batch.length).toBe(batchSize);
        const smallest = Math.min(8, batchSize, numClips);
        if (batches.length > 0) expect(batches.at(-1)!.length).toBeGreaterThanOrEqual(smallest);
        if (batches.length > 0) expect(batches.at(-1)!.length).toBeLessThan(batchSize + 8);
      }),
    );
  });

  it('joins a last batch of 7 to the one before and leaves one of 8', () => {
    const sizes = (numClips: number) => epochBatches({ numClips, batchSize: 64, seed: 0, epoch: 0 }).map((batch) => batch.length);
    expect(sizes(135)).toEqual([64, 71]);
    expect(sizes(136)).toEqual([64, 64, 8]);
    expect(sizes(5)).toEqual([5]);
  });

  it('has another order in every epoch and for every seed, and the same when asked again', () => {
    const order = (seed: number, epoch: number) => [...epochBatches({ numClips: 50, batchSize: 50, seed, epoch })[0]];
    expect(order(1, 2)).toEqual(order(1, 2));
    expect(order(1, 2)).not.toEqual(order(1, 3));
    expect(order(1, 2)).not.toEqual(order(2, 2));
  });
});
