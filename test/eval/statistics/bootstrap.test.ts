import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupStrata } from '../../../src/eval/statistics/groupStrata.js';
import { bootstrapPValue } from '../../../src/eval/statistics/interval.js';
import { pairedBootstrap, pairedDifferences } from '../../../src/eval/statistics/pairedBootstrap.js';
import { resample } from '../../../src/eval/statistics/resample.js';
import { stratifiedBootstrap } from '../../../src/eval/statistics/stratifiedBootstrap.js';
import { Rng } from '../../../src/util/rng.js';
import golden from '../../golden/eval/significance.json' with { type: 'json' };
import { naiveResample } from './naiveResample.js';

/** 3 classes of 40, 25 and 10 clips; two seeds; groups of one to three clips. */
function sample(seed = 0) {
  const rng = new Rng({ seed, purpose: 'sample' });
  const labels = [40, 25, 10].flatMap((n, k) => Array<number>(n).fill(k));
  const groups = labels.map((label, i) => `g${label}-${Math.floor((i * 2) / 3)}`);
  const draw = (share: number) => Uint8Array.from(labels, (label) => (rng.uniform() < share + 0.1 * label ? 1 : 0));
  return { labels, groups, a: [draw(0.7), draw(0.65)], b: [draw(0.5), draw(0.55)] };
}

describe('groupStrata', () => {
  test('a group of several classes belongs to the class of most of its clips, the lowest of equals', () => {
    const strata = [0, 0, 1, 1, 1, 2, 0, 2];
    const groups = ['x', 'x', 'x', 'y', 'y', 'y', 'z', 'z'];
    expect(groupStrata({ strata, groups })).toEqual({
      clipsOf: [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7],
      ],
      strata: [[0, 2], [1]],
      numSingleGroupStrata: 1,
    });
  });

  test('without groups each clip is its own', () => {
    expect(groupStrata({ strata: [1, 0, 1] })).toEqual({ clipsOf: [[0], [1], [2]], strata: [[1], [0, 2]], numSingleGroupStrata: 1 });
    expect(() => groupStrata({ strata: [] })).toThrow(/at least 1 clip/);
    expect(() => groupStrata({ strata: [0, 1], groups: ['a'] })).toThrow(/each of 2 clips, got 1/);
  });
});

describe('resample', () => {
  test('equals the loop over drawn clips, groups of several classes and missed classes included', () => {
    const { labels, a, b } = sample();
    const groups = labels.map((_, i) => `g${(i * 7) % 20}`);
    for (const arms of [[a], [a, b]]) {
      const options = { labels, groups, numClasses: 4, replicates: 20, seed: 5 };
      const [fast, slow] = [resample(arms, options), naiveResample(arms, options)];
      for (const name of ['micro', 'macro'] as const) {
        expect(fast[name].estimate).toBeCloseTo(slow[name].estimate, 12);
        expect(fast[name].draws).toBeAllClose(slow[name].draws, { atol: 1e-12 });
      }
      expect(fast.perClass[3].draws.every(Number.isNaN)).toBe(true);
      for (const k of [0, 1, 2]) {
        slow.perClass[k].draws.forEach((value, i) => {
          if (Number.isNaN(value)) expect(fast.perClass[k].draws[i]).toBeNaN();
          else expect(fast.perClass[k].draws[i]).toBeCloseTo(value, 12);
        });
      }
    }
  });

  test('a stratum keeps its size in every draw where its groups have one clip each', () => {
    const labels = [0, 0, 0, 1, 1];
    // The value of a clip is 1 only in class 0: the share of class 0 is then the micro mean, 3/5 always.
    const { micro } = resample([[labels.map((label) => 1 - label)]], { labels, replicates: 50, seed: 1 });
    expect([...micro.draws].every((value) => Math.abs(value - 0.6) < 1e-12)).toBe(true);
  });

  test('broken input is refused in one line', () => {
    const labels = [0, 1];
    expect(() => resample([[[1, 0]]], { labels: [], seed: 0 })).toThrow(/at least 1 clip/);
    expect(() => resample([[[1]]], { labels, seed: 0 })).toThrow(/each of 2 clips, got 1/);
    expect(() => resample([[]], { labels, seed: 0 })).toThrow(/at least 1 seed/);
    expect(() => resample([[[1, 0]]], { labels, numClasses: 1, seed: 0 })).toThrow(/0 \.\. 0, that of clip 1 is 1/);
    expect(() => resample([[[1, 0]]], { labels, replicates: 0, seed: 0 })).toThrow(/replicates/);
  });
});

test('groups of equal clips in one class: every percentile by hand', () => {
  // Four recordings of 20 clips, one all wrong: 0.25 (three wrong draws of four, 4.7 %) .. 1 (none, 31.6 %).
  const labels = Array.from({ length: 80 }, () => 0);
  const groups = labels.map((_, i) => `recording${Math.floor(i / 20)}`);
  const { macro } = stratifiedBootstrap({ correct: [labels.map((_, i) => (i < 20 ? 0 : 1))], labels, groups, replicates: 2000, seed: 3 });
  expect([macro.low, macro.high]).toEqual([0.25, 1]);
  // With half of each recording wrong, every draw gives the same accuracy.
  const half = stratifiedBootstrap({ correct: [labels.map((_, i) => (i % 20 < 10 ? 0 : 1))], labels, groups, seed: 3 });
  expect([half.macro.low, half.macro.high]).toEqual([0.5, 0.5]);
});

describe('closed forms', () => {
  const replicates = 20_000;
  // A standard error from 20,000 draws is off by 1 / sqrt(2 x 20,000) = 0.5 %; four of these.
  const within = { rtol: 0.02 };

  test('clips alone, stratified: sum of p (1 - p) / n over the classes', () => {
    const { labels, a } = sample();
    const result = stratifiedBootstrap({ correct: [a[0]], labels, replicates, seed: 2 });
    const classes = [0, 1, 2].map((k) => {
      const values = [...a[0]].filter((_, i) => labels[i] === k);
      const p = values.reduce((sum, value) => sum + value, 0) / values.length;
      return { n: values.length, p, variance: (p * (1 - p)) / values.length };
    });
    const micro = Math.sqrt(classes.reduce((sum, { n, variance }) => sum + (n / labels.length) ** 2 * variance, 0));
    const macro = Math.sqrt(classes.reduce((sum, { variance }) => sum + variance, 0)) / 3;
    expect([result.micro.standardError, result.macro.standardError]).toBeAllClose([micro, macro], within);
    expect(result.perClass.map(({ estimate }) => estimate)).toBeAllClose(
      classes.map(({ p }) => p),
      { atol: 1e-12 },
    );
    expect(result.perClass.map(({ standardError }) => standardError)).toBeAllClose(
      classes.map(({ variance }) => Math.sqrt(variance)),
      within,
    );
    expect(result).toMatchObject({ replicates, numGroups: 75, numSingleGroupStrata: 0 });
  });

  test('seeds alone: the standard error of a mean, s / sqrt(n) with n - 1 in s', () => {
    // Every clip of a seed has the same value: the level of clips adds nothing.
    const values = [0.6, 0.7, 0.75, 0.62, 0.81];
    const labels = [0, 0, 1, 1];
    const mean = values.reduce((sum, value) => sum + value, 0) / 5;
    const s = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4);
    const result = stratifiedBootstrap({ correct: values.map((value) => labels.map(() => value)), labels, replicates, seed: 3 });
    expect(result.micro.estimate).toBeCloseTo(mean, 12);
    expect([result.micro.standardError]).toBeAllClose([s / Math.sqrt(5)], within);
    // Seeds that do not belong together add their variances.
    const [a, b] = [values.map((value) => labels.map(() => value)), values.map((value) => labels.map(() => value - 0.2))];
    expect(pairedDifferences({ a, b, labels, replicates, seed: 3 }).micro).toMatchObject({ standardError: expect.closeTo(0, 12) });
    const apart = pairedDifferences({ a, b, labels, replicates, seed: 3, areSeedsPaired: false });
    expect([apart.micro.standardError]).toBeAllClose([s * Math.sqrt(2 / 5)], within);
  });

  test('groups of equal clips: the standard error of the groups', () => {
    const p = Float64Array.from({ length: 30 }, (_, g) => (g % 3 === 0 ? 0 : 1));
    const clips = [...p, ...p, ...p, ...p];
    const options = { labels: clips.map(() => 0), replicates, seed: 4 };
    const groups = clips.map((_, i) => `g${i % 30}`);
    expect([stratifiedBootstrap({ correct: [clips], groups, ...options }).micro.standardError]).toBeAllClose(
      [Math.sqrt(2 / 9 / 30)],
      within,
    );
    expect([stratifiedBootstrap({ correct: [clips], ...options }).micro.standardError]).toBeAllClose([Math.sqrt(2 / 9 / 120)], within);
  });

  test("scipy's percentile intervals, one class, one seed", () => {
    const { a, b, ...expected } = golden.pairedBootstrap;
    const options = { labels: a.map(() => 0), replicates, seed: 6 };
    const paired = pairedDifferences({ a: [a], b: [b], ...options }).micro;
    // Differences are steps of 1/60: a percentile may fall one step beside scipy's.
    expect([paired.estimate, paired.low, paired.high]).toBeAllClose([expected.difference, expected.low, expected.high], {
      atol: 1 / 60 + 1e-9,
    });
    expect([paired.standardError]).toBeAllClose([expected.standardError], within);
    const mean = stratifiedBootstrap({ correct: [a], ...options }).micro;
    expect([mean.low, mean.high]).toBeAllClose([golden.meanBootstrap.low, golden.meanBootstrap.high], { atol: 1 / 60 + 1e-9 });
    expect([mean.standardError]).toBeAllClose([golden.meanBootstrap.standardError], within);
  });
});

describe('pairedBootstrap', () => {
  test('is antisymmetric', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.constantFrom('micro' as const, 'macro' as const), (seed, statistic) => {
        const { a, b, labels, groups } = sample(seed);
        const options = { labels, groups, replicates: 101, seed, statistic };
        const [ab, ba] = [pairedBootstrap({ a, b, ...options }), pairedBootstrap({ a: b, b: a, ...options })];
        expect([ab.difference, ab.low, ab.high, ab.pValue]).toBeAllClose([-ba.difference, -ba.high, -ba.low, ba.pValue], { atol: 1e-12 });
      }),
      { numRuns: 20 },
    );
  });

  test('the order of the clips does not matter where groups name them', () => {
    fc.assert(
      fc.property(fc.nat(1000), (seed) => {
        const { a, b, labels, groups } = sample(seed);
        const order = new Rng({ seed, purpose: 'order' }).permutation(labels.length);
        const mix = <T>(values: ArrayLike<T>) => Array.from(order, (i) => values[i]);
        const options = { replicates: 101, seed, statistic: 'macro' as const };
        const straight = pairedBootstrap({ a, b, labels, groups, ...options });
        const mixed = pairedBootstrap({ a: a.map(mix), b: b.map(mix), labels: mix(labels), groups: mix(groups), ...options });
        expect([mixed.low, mixed.high, mixed.pValue]).toBeAllClose([straight.low, straight.high, straight.pValue], { atol: 1e-12 });
      }),
      { numRuns: 20 },
    );
  });

  test('a system against itself: nothing', () => {
    const { a, labels, groups } = sample();
    const { micro, perClass, numClassesBetter } = pairedDifferences({ a, b: a, labels, groups, seed: 1 });
    expect(micro).toMatchObject({ estimate: 0, low: 0, high: 0, pValue: 1 });
    expect(perClass.map(({ pValue }) => pValue)).toEqual([1, 1, 1]);
    expect(numClassesBetter).toMatchObject({ estimate: 0, low: 0, high: 0 });
  });

  test('better in every clip: the smallest p-value there is, and all classes better', () => {
    const { labels } = sample();
    const [right, wrong] = [labels.map(() => 1), labels.map(() => 0)];
    const result = pairedDifferences({ a: [right], b: [wrong], labels, replicates: 199, seed: 1 });
    expect(result.macro).toMatchObject({ estimate: 1, low: 1, high: 1, pValue: 0.01 });
    expect(result.numClassesBetter).toMatchObject({ estimate: 3, low: 3, high: 3 });
  });

  test('the seed names the draws', () => {
    const { a, b, labels } = sample();
    const of = (seed: number) => pairedBootstrap({ a, b, labels, seed, statistic: 'macro' });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(of(1).replicates).toBe(1000);
  });

  test('other clips or other numbers of paired seeds are refused', () => {
    const { a, b, labels } = sample();
    const options = { labels, seed: 0, statistic: 'micro' as const };
    expect(() => pairedBootstrap({ a, b: [b[0].subarray(1), b[1]], ...options })).toThrow(/the same clips, got 75 and 74/);
    expect(() => pairedBootstrap({ a, b: [b[0]], areSeedsPaired: true, ...options })).toThrow(/as many in both systems, got 2 and 1/);
    // Other numbers of seeds are fine where they are drawn apart.
    expect(pairedBootstrap({ a, b: [b[0]], ...options }).difference).toBeCloseTo(mean([...a[0], ...a[1]]) - mean([...b[0]]), 12);
  });
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('bootstrapPValue counts both sides, zeros on each, and is never 0', () => {
  expect(bootstrapPValue(Float64Array.of(1, 2, 3, 4))).toBeCloseTo(2 / 5, 12);
  expect(bootstrapPValue(Float64Array.of(-1, 2, 3, 4, 5, Number.NaN))).toBeCloseTo(4 / 6, 12);
  expect(bootstrapPValue(Float64Array.of(0, 1e-17, -1e-17))).toBe(1);
});

describe('coverage on simulated data', () => {
  /** Share of 300 data sets whose interval holds the true difference of 0.2. Fixed seeds: the same numbers in every run. */
  function coverage({ numSeeds, seedDeviation, useGroups }: { numSeeds: number; seedDeviation: number; useGroups: boolean }): number {
    const numSets = 300;
    let covered = 0;
    for (let set = 0; set < numSets; set++) {
      const rng = new Rng({ seed: set, purpose: 'coverage' });
      const labels = Array.from({ length: 160 }, (_, i) => i % 4);
      // Two clips of a recording are right or wrong together.
      const groups = labels.map((label, i) => `${label}-${Math.floor(i / 8)}`);
      const draw = (share: number) => {
        const ofGroup = new Map<string, number>();
        return Uint8Array.from(groups, (group) => {
          if (!ofGroup.has(group)) ofGroup.set(group, rng.uniform() < share ? 1 : 0);
          return ofGroup.get(group) as number;
        });
      };
      const a = Array.from({ length: numSeeds }, () => draw(0.7 + seedDeviation * rng.normal()));
      const b = Array.from({ length: numSeeds }, () => draw(0.5));
      const options = { labels, replicates: 200, seed: set, statistic: 'micro' as const };
      const { low, high } = pairedBootstrap({ a, b, ...options, ...(useGroups && { groups }) });
      if (low <= 0.2 && high >= 0.2) covered++;
    }
    return covered / numSets;
  }

  // Standard deviation of a share of 300: sqrt(0.95 x 0.05 / 300) = 0.0126; three of these.
  const bound = 3 * 0.0126;

  test('one seed, groups drawn whole: 95 %', () => {
    expect(Math.abs(coverage({ numSeeds: 1, seedDeviation: 0, useGroups: true }) - 0.95)).toBeLessThan(bound);
  });

  test('clips of one recording taken for independent: too narrow', () => {
    // Half the variance: P(|z| < 1.96 / sqrt 2) = 0.834.
    expect(Math.abs(coverage({ numSeeds: 1, seedDeviation: 0, useGroups: false }) - 0.834)).toBeLessThan(
      3 * Math.sqrt((0.834 * 0.166) / 300),
    );
  });

  test('five seeds of unequal quality and clips: at least nine of ten, more where clips decide', () => {
    expect(coverage({ numSeeds: 5, seedDeviation: 0.05, useGroups: true })).toBeGreaterThan(0.95 - bound);
    // Where the seeds alone decide, five of them give what a t distribution with 4 degrees says: P(|t| < 1.96) = 0.878.
    expect(coverage({ numSeeds: 5, seedDeviation: 0.3, useGroups: true })).toBeGreaterThan(0.86 - bound);
  });
});
