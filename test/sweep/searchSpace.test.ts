import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { expandSweep } from '../../src/sweep/expandSweep.js';
import { drawSettings, searchOptions } from '../../src/sweep/searchSpace.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const space = {
  rate: { logUniform: [1e-4, 1e-1] as [number, number] },
  share: { uniform: [2, 4] as [number, number] },
  size: { choice: [16, 32, 64, 128] },
};

test('draws are within their ranges, each as likely as it should be, and named by seed, draw and key alone', () => {
  const draws = Array.from({ length: 2000 }, (_, i) => drawSettings({ space, seed: 3 }, i)) as {
    rate: number;
    share: number;
    size: number;
  }[];
  const shareOf = (is: (draw: (typeof draws)[number]) => boolean) => draws.filter(is).length / draws.length;
  expect(draws.every(({ rate, share }) => rate >= 1e-4 && rate <= 1e-1 && share >= 2 && share <= 4)).toBe(true);
  // Each decade a third, each half a half, each of four a quarter: four standard errors of 2000 draws are 0.045.
  for (const low of [1e-4, 1e-3, 1e-2]) expect(shareOf(({ rate }) => rate >= low && rate < 10 * low)).toBeCloseTo(1 / 3, 1);
  expect(Math.abs(shareOf(({ share }) => share < 3) - 0.5)).toBeLessThan(0.045);
  for (const size of space.size.choice) expect(Math.abs(shareOf((draw) => draw.size === size) - 0.25)).toBeLessThan(0.045);
  expect(drawSettings({ space: { rate: space.rate }, seed: 3 }, 7)).toEqual({ rate: draws[7].rate });
  expect(drawSettings({ space, seed: 4 }, 7)).not.toEqual(draws[7]);
});

describe('a sweep with a search', () => {
  const folder = temporaryFolder();
  const read = (yaml: string) => {
    const file = join(folder, 'search.yaml');
    writeFileSync(file, yaml);
    return readSweepFile(file);
  };
  const search = 'search: { method: halving, draws: 3, epochs: [1, 4], space: { loss.temperature: { uniform: [0.1, 0.5] } } }\n';

  it('is one run a draw, as long as the last rung, with what was drawn', () => {
    const runs = expandSweep(read(`${search}seeds: [7]\n`), { clips: [] });
    expect(runs.map(({ name }) => name)).toEqual(['draw01-seed7', 'draw02-seed7', 'draw03-seed7']);
    for (const { keys, config } of runs) {
      expect(config).toMatchObject({ seed: 7, train: { epochs: 4 }, loss: { temperature: keys['loss.temperature'] } });
    }
    // The plan of a search may grow: 3 draws, 99 or 100 of them call the first three the same.
    for (const draws of [99, 100, 1000]) {
      const more = expandSweep(read(`${search.replace('draws: 3', `draws: ${draws}`)}seeds: [7]\n`), { clips: [] });
      expect(more.slice(0, 3)).toEqual(runs);
      expect(new Set(more.map(({ name }) => name)).size).toBe(draws);
    }
    expect(new Set(runs.map(({ keys }) => keys['loss.temperature'])).size).toBe(3);
    expect(read(search.replace('draws: 3', 'draws: 3, by: effectiveRank')).sweep.evaluate).toEqual([]);
  });

  it.each([
    ['grid: { loss.temperature: [1, 2] }', /search\.yaml:2:1: grid: a search draws its settings/],
    ['seeds: [1, 2]', /seeds: a search trains each draw with one seed, got 2/],
    ['baselines: [logMel]', /baselines: a search has no baselines/],
    ['evaluate: [{ protocol: knn, split: test }]', /never on test/],
    ['set: { train.epochs: 3 }', /train\.epochs is the last of search\.epochs/],
  ])('refuses %s', (line, message) => {
    expect(() => read(`${search}${line}\n`)).toThrow(message);
  });

  it('refuses rungs that do not rise, ranges the wrong way round and unknown keys', () => {
    expect(() => read(search.replace('[1, 4]', '[4, 1]'))).toThrow(/must rise/);
    expect(() => read(search.replace('[0.1, 0.5]', '[0.5, 0.1]'))).toThrow(/search\.yaml:1/);
    expect(() => expandSweep(read(search.replace('loss.temperature', 'loss.temprature')), { clips: [] })).toThrow(/temprature/);
    expect(searchOptions.safeParse({ method: 'halving', draws: 1, epochs: [1], space }).success).toBe(false);
  });
});
