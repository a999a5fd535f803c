import { describe, expect, it } from 'vitest';
import { accuraciesOf } from '../../src/eval/accuracies.js';
import { wilsonInterval } from '../../src/eval/intervals.js';
import { wilsonMacroInterval } from '../../src/eval/macroInterval.js';
import { Rng } from '../../src/util/rng.js';

/** `right[c]` of `clips[c]` clips of class c are right, the others are called the next class; each clip is its own recording. */
function accuracies(right: number[], clips: number[]) {
  const labels = clips.flatMap((count, label) => new Array<number>(count).fill(label));
  const predicted = clips.flatMap((count, label) =>
    Array.from({ length: count }, (_, i) => (i < right[label] ? label : (label + 1) % clips.length)),
  );
  const classNames = clips.map((_, label) => `class ${label}`);
  return accuraciesOf({ labels, predicted, groups: labels.map((_, i) => `g${i}`) }, { classNames, bootstrapDraws: 200, seed: 1 });
}

describe('the interval of the macro accuracy', () => {
  it.each([
    [
      [3, 0],
      [3, 3],
    ],
    [
      [3, 3],
      [3, 3],
    ],
    [
      [0, 0],
      [2, 4],
    ],
    [
      [1, 1],
      [1, 1],
    ],
    [
      [30, 0],
      [30, 30],
    ],
  ])('has a width from %j right of %j clips', (right, clips) => {
    const { accuracies: scores, macroMethod } = accuracies(right, clips);
    const [low, high] = scores.clipMacroAccuracyInterval as [number, number];
    expect(low).toBeLessThan(high - 0.05);
    expect(scores.clipMacroAccuracy).toBeGreaterThanOrEqual(low);
    expect(scores.clipMacroAccuracy).toBeLessThanOrEqual(high);
    expect(macroMethod).toMatch(/^Wilson score intervals/);
  });

  it('is by hand what the formula says', () => {
    // 3 of 3 and 0 of 3: Wilson 0.4385 to 1 and 0 to 0.5615.
    const [low, high] = wilsonMacroInterval([
      { numRight: 3, numClips: 3, numGroups: 3 },
      { numRight: 0, numClips: 3, numGroups: 3 },
    ]);
    expect([low, high]).toBeAllClose([0.5 - 0.5615 / 2, 0.5 + 0.5615 / 2], { atol: 1e-4 });
    // One class: Wilson's own interval; clips of one recording are one trial.
    expect(wilsonMacroInterval([{ numRight: 4, numClips: 8, numGroups: 8 }])).toBeAllClose(wilsonInterval(4, 8) ?? [], { atol: 1e-12 });
    expect(wilsonMacroInterval([{ numRight: 4, numClips: 8, numGroups: 2 }])).toBeAllClose(wilsonInterval(1, 2) ?? [], { atol: 1e-12 });
  });

  it('holds the truth in about 95 of 100 draws of four clips a class', () => {
    const truth = [0.9, 0.7, 0.5];
    let held = 0;
    const draws = 2000;
    const rng = new Rng({ seed: 3, purpose: 'coverage' });
    for (let i = 0; i < draws; i++) {
      const classes = truth.map((p) => ({ numRight: [0, 1, 2, 3].filter(() => rng.uniform() < p).length, numClips: 4, numGroups: 4 }));
      const [low, high] = wilsonMacroInterval(classes);
      if (low <= 0.7 && 0.7 <= high) held++;
    }
    // 2000 draws: a deviation of 0.5 points around the share.
    expect(held / draws).toBeGreaterThan(0.92);
    expect(held / draws).toBeLessThan(0.995);
  });

  it('stays the bootstrap where the classes have recordings enough', () => {
    expect(accuracies([4, 6], [8, 8]).macroMethod).toMatch(/^bootstrap of whole groups/);
  });
});
