import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { withPresentDefaults } from '../../../src/config/withPresentDefaults.js';
import { discordantClips, mcnemarTest } from '../../../src/eval/statistics/mcnemarTest.js';
import { pairedDifferences } from '../../../src/eval/statistics/pairedBootstrap.js';
import { collectRun } from '../../../src/report/collectRun.js';
import { compareSystems } from '../../../src/report/comparison/compareSystems.js';
import { readEvaluatedRuns } from '../../../src/report/comparison/evaluatedRuns.js';
import { groupSystems } from '../../../src/report/comparison/systems.js';
import { compareRuns } from '../../../src/report/comparisonReport.js';
import { publishedFeatures } from '../../../src/report/published/features.js';
import { publishedInterval } from '../../../src/report/published/publishedAccuracy.js';
import { publishedSelfSupervisedSweep, publishedTable2 } from '../../../src/report/published/selfSupervised.js';
import { publishedSupervisedSweep, publishedTable1 } from '../../../src/report/published/supervised.js';
import { writeEvaluation } from '../../../src/run/evaluationRecord.js';
import { type Prediction, writePredictions } from '../../../src/run/predictions.js';
import type { RunFolder } from '../../../src/run/runFolder.js';
import { UsageError } from '../../../src/util/errors.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { writeFixtureRun } from '../fixtureRun.js';
import { evaluatedRun, seeds } from './evaluatedRun.js';

describe('compareSystems', () => {
  const acl = seeds(3, { config: { loss: { contrastiveWeight: 0.3 } }, hasGroups: true }, (seed, k) => 12 + seed + k);
  const base = seeds(3, { config: { loss: { contrastiveWeight: 1 } }, hasGroups: true }, (_seed, k) => 10 + 2 * (k % 2));
  const [a, b] = groupSystems([...acl, ...base]);
  const options = { seed: 4, replicates: 300 };
  const comparison = compareSystems(a, b, options);

  test('is the paired bootstrap over seeds and groups, with mean and deviation over seeds', () => {
    const { labels, groups } = a;
    const expected = pairedDifferences({ a: a.correct, b: b.correct, labels, groups, numClasses: 4, ...options });
    expect(comparison.micro.difference).toEqual(expected.micro);
    expect(comparison.macro.difference).toEqual(expected.macro);
    expect(comparison.perClass.map(({ difference }) => difference)).toEqual(expected.perClass);
    expect(comparison).toMatchObject({ a: 'ACL, alpha 0.3', b: 'NT-Xent', numClips: 80, numGroups: 40, numSeeds: 3, areSeedsPaired: true });
    // Right clips of a class a seed: 12 + seed + k, k = 0 .. 3: 54, 58, 62 of 80; of b always 44.
    expect(comparison.micro.a.seeds.mean).toBeCloseTo(58 / 80, 12);
    expect(comparison.micro.a.seeds.standardDeviation).toBeCloseTo(4 / 80, 12);
    expect(comparison.micro.b.seeds).toMatchObject({ mean: 44 / 80, n: 3 });
    expect(comparison.micro.difference.estimate).toBeCloseTo(14 / 80, 12);
    expect(comparison.macro.difference.estimate).toBeCloseTo(14 / 80, 12);
  });

  test("one McNemar test a seed, and Holm's correction over the classes", () => {
    expect(comparison.mcnemar).toEqual(
      [0, 1, 2].map((seed) => ({ seed, ...mcnemarTest(discordantClips(a.correct[seed], b.correct[seed])) })),
    );
    const sorted = [...comparison.perClass].sort((x, y) => x.difference.pValue - y.difference.pValue);
    expect(sorted[0].holmPValue).toBeCloseTo(Math.min(1, 4 * sorted[0].difference.pValue), 12);
    for (const { difference, holmPValue } of sorted) expect(holmPValue).toBeGreaterThanOrEqual(difference.pValue);
  });

  test('where one system has fewer seeds, McNemar pairs what has one seed, wherever it stands', () => {
    const [two] = groupSystems(
      seeds(3, { config: { loss: { contrastiveWeight: 1 } }, hasGroups: true }, (seed, k) => 4 * seed + k).filter(
        (run) => run.record.seed > 0,
      ),
    );
    const pairs = [1, 2].map((seed) => ({ seed, ...mcnemarTest(discordantClips(a.correct[seed], two.correct[seed - 1])) }));
    expect(compareSystems(a, two, options)).toMatchObject({ areSeedsPaired: false, numSeeds: 2, mcnemar: pairs });
    expect(compareSystems(two, a, options).mcnemar.map(({ seed, aOnly }) => [seed, aOnly])).toEqual(
      pairs.map(({ seed, bOnly }) => [seed, bOnly]),
    );
  });

  test('turned round, differences change their sign', () => {
    const turned = compareSystems(b, a, options);
    const { estimate, low, high, pValue } = comparison.macro.difference;
    const other = turned.macro.difference;
    expect([other.estimate, other.low, other.high, other.pValue]).toBeAllClose([-estimate, -high, -low, pValue], { atol: 1e-12 });
  });

  test('what weakens the numbers is said', () => {
    expect(comparison.notes).toEqual([
      expect.stringMatching(/paired bootstrap over seeds \(the same in both systems.*40 recordings of 80 clips, drawn whole/),
      expect.stringMatching(/^3 seeds: too few/),
    ]);
    const single = compareSystems(
      a,
      groupSystems([evaluatedRun({ seed: 9, config: { loss: { contrastiveWeight: 1 } }, isRight: () => true })])[0],
      options,
    );
    expect(single).toMatchObject({ numSeeds: 1, areSeedsPaired: false, mcnemar: [] });
    expect(single.notes[0]).toMatch(/with one seed they say nothing about other seeds/);
  });

  test('a class without clips is left out', () => {
    const none = [a, b].map((system) => ({ ...system, classNames: [...system.classNames, 'rain'] }));
    const { perClass } = compareSystems(none[0], none[1], options);
    expect(perClass.map(({ label }) => label)).toEqual(['bark', 'clap', 'drip', 'engine']);
    // No test is made of it either, which Holm would count.
    expect(perClass.map(({ holmPValue }) => holmPValue)).toEqual(comparison.perClass.map(({ holmPValue }) => holmPValue));
  });
});

describe('compareRuns', () => {
  const folder = temporaryFolder();
  const classes = ['a', 'b', 'c'];
  let runs: RunFolder[];

  beforeAll(async () => {
    const write = async (name: string, seed: number): Promise<RunFolder> => {
      const run = await writeFixtureRun({
        dir: join(folder, name),
        ...{ classNames: classes, numEpochs: 2, stepsPerEpoch: 1, hasViews: false, testClipsPerClass: 6, seed },
        evaluations: [{ protocol: 'linear', seeds: [seed] }],
      });
      return run;
    };
    runs = [await write('one', 0), await write('two', 1)];
    // The fixture names clips by seed; two runs of one data set test the same ones.
    for (const run of runs) await rename(run);
  });

  async function rename(run: RunFolder): Promise<void> {
    const report = await collectRun(run);
    const [{ name, record }] = report.evaluations;
    const predictions = classes.flatMap((label, k) =>
      Array.from(
        { length: 6 },
        (_, i): Prediction => ({ id: `${k}-${i}`, label, predicted: classes[(k + i) % 3], probabilities: [1, 0, 0] }),
      ),
    );
    await writePredictions(run, name, { classNames: classes, predictions });
    await writeEvaluation(run, record);
  }

  test('two seeds are one system: nothing to compare', async () => {
    const comparison = await compareRuns(await Promise.all(runs.map((run) => collectRun(run))), { replicates: 100 });
    expect(comparison).toMatchObject({ rows: [{ system: { runs: ['one', 'two'] } }], pairs: [], numPairsLeftOut: 0 });
    const [system] = groupSystems(await readEvaluatedRuns(await Promise.all(runs.map((run) => collectRun(run))), 'test'));
    expect(system).toMatchObject({ seeds: [0, 1], runs: ['one', 'two'] });
  });

  test('two seeds, one made before a key of the config was there, are one system too', async () => {
    const [first, second] = await Promise.all(runs.map((run) => collectRun(run, { completeConfig: withPresentDefaults })));
    expect(first.config).toMatchObject({ train: { ranks: { gradientPrecision: 'float32' } } });
    const before = await readFile(runs[1].config);
    const { train, ...rest } = second.config as { train: { ranks: object } };
    const { gradientPrecision: _, ...ranks } = train.ranks as { gradientPrecision: string };
    await writeFile(runs[1].config, stringify({ ...rest, train: { ...train, ranks } }));
    const together = await Promise.all([first, await collectRun(runs[1], { completeConfig: withPresentDefaults })]);
    expect(together[1].config).toEqual(second.config);
    expect((await compareRuns(together, { replicates: 100 }))?.rows.map(({ system }) => system.runs)).toEqual([['one', 'two']]);
    const asWritten = [first, await collectRun(runs[1])];
    expect((await compareRuns(asWritten, { replicates: 100 }))?.rows).toHaveLength(2);
    await writeFile(runs[1].config, before);
  });

  test('two systems: scores, comparison and claims', async () => {
    const reports = await Promise.all(runs.map((run) => collectRun(run)));
    const config = { ...(reports[1].config as object), loss: { name: 'ntXent', temperature: 0.2 } };
    const comparison = await compareRuns([reports[0], { ...reports[1], config }], { replicates: 100, isPaperShown: true });
    expect(comparison?.rows.map(({ system }) => [system.name, system.ids.length])).toEqual([
      ['ACL, alpha 0.3', 18],
      ['NT-Xent', 18],
    ]);
    expect(comparison?.pairs.map(({ a, b }) => [a, b])).toEqual([['ACL, alpha 0.3', 'NT-Xent']]);
    expect(comparison?.rows[0].micro.estimate).toBeCloseTo(1 / 3, 12);
    expect(comparison?.verdicts?.find(({ id }) => id === 'aclBeatsNtXent')?.verdict).toBe('undecided');
  });

  test('missing predictions: one line, nothing written', async () => {
    const reports = await Promise.all(runs.map((run) => collectRun(run)));
    const before = await readdir(runs[1].dir, { recursive: true });
    await rm(join(runs[1].evaluations, 'linear-test-best-seed1.predictions.csv'));
    const error = await compareRuns(reports).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(
      /^report: .*two lacks evaluations\/linear-test-best-seed1\.predictions\.csv; evaluate it again$/,
    );
    expect((await readdir(runs[1].dir, { recursive: true })).length).toBe(before.length - 1);
  });
});

describe('published numbers', () => {
  test('95 % intervals of published accuracies on 947 clips', () => {
    const shown = (percent: number) => publishedInterval(percent).map((value) => Math.round(10 * value) / 10);
    expect(shown(70.1)).toEqual([67.2, 73]);
    expect(shown(73.6)).toEqual([70.8, 76.4]);
    expect(shown(33.7)).toEqual([30.7, 36.7]);
  });

  test('the tables agree with one another', () => {
    // Table 1 shows the best alpha of the sweep on the test set, in every column; its base is alpha 1.
    for (const subset of ['all', 'noisy', 'noisySmall', 'clean'] as const) {
      const sweep = publishedSupervisedSweep[subset];
      const { base, margin } = publishedTable1[subset];
      expect(Math.max(...sweep.map(({ percent }) => percent))).toBe(margin.percent);
      expect(sweep.find(({ alpha }) => alpha === margin.alpha)?.percent).toBe(margin.percent);
      expect(sweep.find(({ alpha }) => alpha === 1)?.percent).toBe(base.percent);
    }
    const [linear] = publishedSelfSupervisedSweep;
    const at = (list: typeof linear.macro, alpha: number) => list.find((row) => row.alpha === alpha)?.percent ?? Number.NaN;
    expect(at(linear.patchWeighted, 1)).toBeCloseTo(publishedTable2[2].percent, 0);
    expect(at(linear.patchWeighted, 0.3)).toBeCloseTo(publishedTable2[3].percent, 1);
    expect(linear.macro.reduce((a, b) => (b.percent > a.percent ? b : a)).alpha).toBe(0.6);
    const features = publishedFeatures.find(({ temperature }) => temperature === 0.2);
    expect(features?.acl.linearPercent).toBe(at(linear.patchWeighted, 0.3));
    expect(publishedFeatures.every(({ base, acl }) => acl.tolerance > base.tolerance && acl.uniformity > base.uniformity)).toBe(true);
  });

  test('each has a source and says what weakens it', () => {
    const rows = [...publishedTable2, ...Object.values(publishedTable1).flatMap(({ base, margin }) => [base, margin])];
    const sweeps = publishedSelfSupervisedSweep.flatMap(({ macro, patchWeighted }) => [...macro, ...patchWeighted]);
    for (const { source, note } of [...rows, ...sweeps]) expect([source, note].every((text) => text.length > 5)).toBe(true);
  });
});
