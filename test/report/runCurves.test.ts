import { describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/report/collectRun.js';
import { monitorCurvesOf } from '../../src/report/curves.js';
import { looksFinding, runsTrainingSection } from '../../src/report/html/runsTrainingSection.js';
import { h } from '../../src/report/markup.js';
import { groupRuns, runCurves } from '../../src/report/runCurves.js';

const acl = (contrastiveWeight: number) => ({ data: {}, loss: { name: 'angularContrastive', temperature: 0.2, contrastiveWeight } });

/** A run that logged these losses of its epochs and these accuracies of its looks. */
function run(name: string, config: object, { losses = [], looks = [] }: { losses?: (number | null)[]; looks?: number[] } = {}): RunReport {
  const best = looks.indexOf(Math.max(...looks));
  const log = {
    starts: [{ numClips: {}, classNames: ['a'] }],
    steps: [],
    epochs: losses.map((loss, i) => ({ kind: 'epoch', step: 10 * (i + 1), epoch: i + 1, loss, seconds: 1 })),
    monitors: looks.map((value, i) => ({
      ...{ kind: 'monitor', step: 20 * (i + 1), epoch: 2 * (i + 1), isBest: i <= best },
      ...{ knnClipMacroAccuracy: value, knnClipMicroAccuracy: value, selectedBy: 'knnClipMacroAccuracy' },
    })),
  };
  return { name, config, log, hasLabels: true } as unknown as RunReport;
}

describe('curves of several runs', () => {
  const runs = [
    run('a0', { ...acl(0.3), seed: 0 }, { losses: [4, 2, 1], looks: [0.2, 0.4] }),
    run('b', { ...acl(1), seed: 0 }, { losses: [5, null, 3], looks: [0.3, 0.1] }),
    run('a1', { ...acl(0.3), seed: 1, data: { testFold: '2' } }, { losses: [6, 3], looks: [0.6, 0.2] }),
  ];

  it('stand in one chart: a curve a run, and the mean of runs that differ in seed or folds where all of them have a value', () => {
    const groups = groupRuns(runs);
    expect(groups.map(({ name, runs: own }) => [name, own.map((one) => one.name)])).toEqual([
      ['ACL, alpha 0.3 (2 runs)', ['a0', 'a1']],
      ['b', ['b']],
    ]);
    const [loss, knn, ...rest] = runCurves(groups);
    expect(rest).toEqual([]);
    expect(loss.series.map(({ name, colour, isFaint = false, points }) => [name, colour, isFaint, points])).toEqual([
      ['ACL, alpha 0.3 (2 runs)', 0, true, [[1, 4], [2, 2], [3, 1]]], // biome-ignore format: a row a curve
      ['ACL, alpha 0.3 (2 runs)', 0, true, [[1, 6], [2, 3]]], // biome-ignore format: a row a curve
      ['ACL, alpha 0.3 (2 runs)', 0, false, [[1, (4 + 6) / 2], [2, (2 + 3) / 2]]], // biome-ignore format: a row a curve
      ['b', 1, false, [[1, 5], [2, null], [3, 3]]], // biome-ignore format: a row a curve
    ]);
    expect(knn.isPercent).toBe(true);
    expect(knn.series[2].points.flat()).toBeAllClose([2, 0.4, 4, 0.3], { atol: 1e-12 });
  });

  it('are one figure each with one legend, and a sentence that says what the best looks mean', () => {
    const { markup: text } = h('div', {}, runsTrainingSection(runs));
    expect(text.match(/<svg class="chart"/g)?.length).toBe(2);
    expect(text.match(/class="legend"/g)?.length).toBe(1);
    expect(looksFinding(runs)).toBe(
      'At the best checkpoint a1 has the highest kNN macro accuracy on its validation clips, 60.0 % (30.0 % to 60.0 % over 3 runs); the checkpoints were chosen by this very number, which flatters it.',
    );
    expect(looksFinding([runs[0], run('none', {})])).toBe('1 run of 2 looked at validation clips in training.');
  });

  it('need two runs with points, and accuracies need labels', () => {
    expect(runCurves(groupRuns([runs[0], run('none', acl(1))]))).toEqual([]);
    const unlabelled = runs.map((one) => ({ ...one, hasLabels: false }));
    expect(runCurves(groupRuns(unlabelled)).map(({ title }) => title)).toEqual(['Loss, mean of an epoch']);
  });

  it('take dashes after seven colours', () => {
    const many = Array.from({ length: 9 }, (_, i) => run(`r${i}`, acl(i / 10), { losses: [i, i + 1] }));
    const looks = runCurves(groupRuns(many))[0].series.map(({ colour, isDashed }) => `${colour}${isDashed ? ' dashed' : ''}`);
    expect(new Set(looks).size).toBe(9);
    expect(looks.slice(6)).toEqual(['6', '0 dashed', '1 dashed']);
  });

  it('of one run: macro and micro that are the same curve are drawn once, with both names', () => {
    const [knn] = monitorCurvesOf(runs[0]);
    expect(knn.series.map(({ name }) => name)).toEqual(['macro = micro']);
  });
});
