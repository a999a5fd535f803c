import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gridStarts } from '../../src/data/samplers.js';
import { patchCentreMs } from '../../src/embed/patchTimes.js';
import { type OpenRow, type PlannedPatch, RecordingPatches, type RowKind } from '../../src/embed/recordingPatches.js';
import { toneFrontEnd } from '../train/toneStore.js';

/** One band, so that a value is the number of its frame. */
const frontEnd = { ...toneFrontEnd, nMels: 1 };
const seconds = (frames: number) => (frames * frontEnd.hopLength) / frontEnd.sampleRate;

/** Starts of the patches of each row, in order, and how many patches were planned. */
function rowsOf(numFrames: number, pieces: readonly number[], kind: RowKind, patchFrames: number, patchHop: number) {
  const patches = new RecordingPatches({ patchFrames, patchHop, frontEnd }, kind);
  const starts = new Map<OpenRow, number[]>();
  let numPlanned = 0;
  const take = (planned: Iterable<PlannedPatch>) => {
    for (const { values, rows } of planned) {
      numPlanned++;
      expect(Array.from(values)).toEqual(Array.from({ length: patchFrames }, (_, i) => values[0] + i));
      for (const row of rows) starts.set(row, [...(starts.get(row) ?? []), values[0]]);
    }
  };
  let at = 0;
  for (const size of [...pieces, numFrames]) {
    const end = Math.min(numFrames, at + size);
    if (end > at) take(patches.push(Float32Array.from({ length: end - at }, (_, i) => at + i)));
    at = end;
  }
  take(patches.end());
  return {
    numPlanned,
    rows: patches.rows.map((row) => {
      const own = (starts.get(row) ?? []).sort((a, b) => a - b);
      expect(row.wanted).toBe(own.length);
      expect([row.firstMs, row.lastMs]).toEqual([own[0], own[own.length - 1]].map((start) => patchCentreMs(start, patchFrames, frontEnd)));
      return own;
    }),
  };
}

const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 });

describe('RecordingPatches', () => {
  test('clips and patches are the grid, however the recording is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 120 }), cuts, fc.integer({ min: 1, max: 6 }), (numFrames, pieces, hop) => {
        const grid = gridStarts(numFrames, 4, hop);
        expect(rowsOf(numFrames, pieces, 'patch', 4, hop)).toEqual({ numPlanned: grid.length, rows: grid.map((start) => [start]) });
        expect(rowsOf(numFrames, pieces, 'clip', 4, hop)).toEqual({ numPlanned: grid.length, rows: [grid] });
      }),
      { numRuns: 60 },
    );
  });

  test('a window has the grid of a recording of its length; overlapping ones share patches', () => {
    const inside = fc.record({
      numFrames: fc.integer({ min: 4, max: 150 }),
      window: fc.integer({ min: 4, max: 40 }),
      hop: fc.integer({ min: 1, max: 50 }),
      patchHop: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(inside, cuts, ({ numFrames, window, hop, patchHop }, pieces) => {
        const length = Math.min(window, numFrames);
        const windows = gridStarts(numFrames, length, hop);
        const expected = windows.map((first) => gridStarts(length, 4, patchHop).map((offset) => first + offset));
        const { rows, numPlanned } = rowsOf(numFrames, pieces, { window: seconds(window), hop: seconds(hop) }, 4, patchHop);
        expect(rows).toEqual(expected);
        // The last window may stand off the others' grid; of those on it each patch is embedded once.
        const shared = new Set(expected.slice(0, -1).flat()).size;
        expect(numPlanned).toBeLessThanOrEqual(shared + expected[expected.length - 1].length);
      }),
      { numRuns: 150 },
    );
  });

  test('what cannot be is refused', () => {
    expect(() => rowsOf(3, [], 'clip', 4, 2)).toThrow(/has 3 frames, the model needs 4; the recording is too short/);
    expect(() => rowsOf(9, [], { window: seconds(3), hop: 1 }, 4, 2)).toThrow(/at least as long as the model's patch, 0\.040 s, got 0\.0/);
    expect(() => rowsOf(9, [], { window: 1, hop: 1e-4 }, 4, 2)).toThrow(/hop: it must be at least a frame, 0\.0100 s, got 0\.0001/);
  });
});
