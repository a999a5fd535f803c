import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyFrequencyShift, sampleFrequencyShift } from '../../src/augment/frequencyShift.js';
import { applyTimeReversal, sampleTimeReversal } from '../../src/augment/timeReversal.js';
import { applyTimeShift, sampleTimeShift } from '../../src/augment/timeShift.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';
import { applied, looped, type Patch, randomPatches } from './patches.js';

const rng = () => new Rng({ seed: 3, purpose: 'test' });

function rolledFrames(patch: Patch, shift: number): Patch {
  const out: Patch = [];
  for (let t = 0; t < patch.length; t++) out[(t + shift) % patch.length] = patch[t];
  return out;
}

function rolledMels(patch: Patch, shift: number): Patch {
  return patch.map((frame) => {
    const out: number[] = [];
    for (let m = 0; m < frame.length; m++) out[(m + shift) % frame.length] = frame[m];
    return out;
  });
}

describe.each(availableBackends)('shifts and reversal on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));
  const patches = randomPatches(4, 11, 7);

  it('timeShift moves each patch forward by its own frames and wraps', async () => {
    const params = [1, 10, 4, 29].map((frames) => ({ frames }));
    const expected = looped(patches, params, (patch, { frames }) => rolledFrames(patch, frames));
    expect(Array.from(await applied(patches, (batch) => applyTimeShift(batch, params)))).toEqual(expected);
  });

  it('frequencyShift moves each patch up by its own bands and wraps', async () => {
    const params = [1, 6, 3, 9].map((mels) => ({ mels }));
    const expected = looped(patches, params, (patch, { mels }) => rolledMels(patch, mels));
    expect(Array.from(await applied(patches, (batch) => applyFrequencyShift(batch, params)))).toEqual(expected);
  });

  it('timeReversal flips the patches that are drawn and no other', async () => {
    const params = [true, false, true, false].map((isReversed) => ({ isReversed }));
    const expected = looped(patches, params, (patch, { isReversed }) => (isReversed ? [...patch].reverse() : patch));
    expect(Array.from(await applied(patches, (batch) => applyTimeReversal(batch, params)))).toEqual(expected);
  });

  it('refuses a batch whose count of parameters differs', () => {
    return expect(applied(patches, (batch) => applyTimeShift(batch, [{ frames: 1 }]))).rejects.toThrow(
      'applyTimeShift: needs one set of parameters a patch, got 1 for a batch of 4',
    );
  });
});

describe('what shifts draw', () => {
  it('covers 1 .. limit - 1 and nothing else', () => {
    const r = rng();
    const frames = new Set(Array.from({ length: 2000 }, () => sampleTimeShift(r, { limitFrames: 30 }).frames));
    expect([...frames].sort((a, b) => a - b)).toEqual(Array.from({ length: 29 }, (_, i) => i + 1));
    const mels = new Set(Array.from({ length: 500 }, () => sampleFrequencyShift(r, { limitMels: 10 }).mels));
    expect([...mels].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('reverses with the probability given', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 1000 }), (reversalProb, seed) => {
        const r = new Rng({ seed, purpose: 'test' });
        let count = 0;
        for (let i = 0; i < 1000; i++) if (sampleTimeReversal(r, { reversalProb }).isReversed) count++;
        // Six standard deviations of a binomial of 1000.
        expect(Math.abs(count / 1000 - reversalProb)).toBeLessThanOrEqual(6 * Math.sqrt(0.25 / 1000));
      }),
      { numRuns: 30 },
    );
  });
});
