import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluationOptions } from '../../src/eval/evaluationOptions.js';
import { writeEvaluation } from '../../src/run/evaluationRecord.js';
import { createRun, runFolder } from '../../src/run/runFolder.js';
import type { PlannedRun } from '../../src/sweep/expandSweep.js';
import { halvingTable, writeHalvingTables } from '../../src/sweep/halvingTables.js';
import { readHalving, runHalving, survivors } from '../../src/sweep/runHalving.js';
import type { StageRunner } from '../../src/sweep/runSweep.js';
import { searchOptions } from '../../src/sweep/searchSpace.js';
import { sweepFolder } from '../../src/sweep/sweepFolder.js';
import { sha256 } from '../../src/util/hash.js';
import { folderWith } from '../data/syntheticData.js';

const search = searchOptions.parse({
  ...{ method: 'halving', draws: 9, epochs: [1, 3, 9], keep: 3, by: 'effectiveRank' },
  space: { rate: { uniform: [0, 1] } },
});
const names = Array.from({ length: 9 }, (_, i) => `draw0${i + 1}-seed0`);
const runs = names.map((name, i) => ({ name, seed: 0, keys: { rate: i / 10 }, evaluations: [], config: {} }) as unknown as PlannedRun);

/** Trains by writing a log: the rank of draw i after epoch e is `rankOf(i, e)`. */
async function harness(rankOf: (draw: number, epoch: number) => number | undefined, stopAfter = Number.POSITIVE_INFINITY) {
  const folder = sweepFolder(await folderWith());
  const started: string[] = [];
  const controller = new AbortController();
  const runStage: StageRunner = async ({ name }, stage) => {
    if (stage.kind !== 'training' || stage.untilEpoch === undefined) throw new Error('only trainings that pause');
    started.push(`${name.slice(0, 6)} ${stage.untilEpoch}`);
    const { log, lastCheckpoint } = runFolder(folder.run(name));
    await new Promise((resolve) => setTimeout(resolve, 2));
    mkdirSync(dirname(lastCheckpoint), { recursive: true });
    const before = (() => {
      try {
        return readFileSync(log, 'utf8');
      } catch {
        return '';
      }
    })();
    const done = before.split('\n').filter((line) => line.includes('"epoch"') && line.includes('patchesPerSecond')).length;
    const lines: object[] = [];
    const time = '2026-01-01T00:00:00.000Z';
    for (let epoch = done + 1; epoch <= stage.untilEpoch; epoch++)
      lines.push({ kind: 'epoch', time, step: epoch, epoch, loss: 1, patchesPerSecond: 10, seconds: 60 });
    const effectiveRank = rankOf(names.indexOf(name), stage.untilEpoch);
    if (effectiveRank === undefined) return 'the loss is not a number';
    lines.push({ kind: 'monitor', time, step: 1, epoch: stage.untilEpoch, effectiveRank, isBest: true });
    lines.push({ kind: 'end', time, reason: 'paused', step: 1, epoch: stage.untilEpoch });
    writeFileSync(log, `${before}${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    writeFileSync(lastCheckpoint, '');
    if (started.length === stopAfter) controller.abort(new Error('stopped'));
    return undefined;
  };
  const halve = ({ signal, jobs = 1, epochs = search.epochs }: { signal?: AbortSignal; jobs?: number; epochs?: number[] } = {}) =>
    runHalving({ folder, runs, search: { ...search, epochs }, jobs, runStage, signal });
  return { folder, started, controller, halve };
}

describe('runHalving', () => {
  it('lets the better third go on from where they stopped, rung by rung; what fails is out and told', async () => {
    // Draw 9 is the best after one epoch and the worst of the three later; draw 3 fails.
    const { folder, started, halve } = await harness((draw, epoch) =>
      draw === 2 ? undefined : draw === 8 && epoch > 1 ? 0 : 10 * draw + epoch,
    );
    const scores = await halve();
    expect(started.slice(9)).toEqual(['draw07 3', 'draw08 3', 'draw09 3', 'draw08 9']);
    expect(scores[1]['draw03-seed0']).toMatchObject({ score: null, error: 'the loss is not a number' });
    expect(scores[9]).toEqual({ 'draw08-seed0': { score: 79, patches: 9 * 600, minutes: 9 } });
    const { columns, rows } = halvingTable(runs, search, scores);
    expect(columns).toEqual([
      'run',
      'seed',
      'rate',
      ...[1, 3, 9].map((epoch) => `effectiveRank at ${epoch}`),
      'patches',
      'minutes',
      'error',
    ]);
    expect(rows.map(([name]) => String(name).slice(0, 6))).toEqual(
      ['08', '07', '09', '06', '05', '04', '02', '01', '03'].map((number) => `draw${number}`),
    );
    expect(rows[0]).toEqual(['draw08-seed0', 0, 0.7, 71, 73, 79, 5400, 9, undefined]);
    expect(await readHalving(folder, search)).toEqual(scores);
  });

  it('stopped anywhere, goes on with what is missing and comes to the same end', async () => {
    const rankOf = (draw: number, epoch: number) => 10 * ((draw * 5) % 9) + epoch;
    const whole = await harness(rankOf);
    const expected = await whole.halve();
    for (const stopAfter of [4, 9, 11, 13]) {
      const { started, controller, halve } = await harness(rankOf, stopAfter);
      await halve({ signal: controller.signal }).catch(() => undefined);
      expect(started).toHaveLength(stopAfter);
      expect(await halve()).toEqual(expected);
      expect(started.filter((line) => started.filter((other) => other === line).length > 1)).toEqual([]);
    }
  });

  it('keeps the scores of runs that end together', async () => {
    for (let i = 0; i < 5; i++) {
      const { folder, halve } = await harness((draw) => draw);
      // The rung is the last one: none after it writes them all once more.
      const scores = await halve({ jobs: 9, epochs: [1] });
      expect(await readHalving(folder, search)).toEqual(scores);
    }
  });

  it('lets a run that was killed in the look after the last epoch of a rung make that look', async () => {
    const { folder, started, halve } = await harness((draw) => draw);
    const { log, lastCheckpoint } = runFolder(folder.run(names[8]));
    mkdirSync(dirname(lastCheckpoint), { recursive: true });
    writeFileSync(lastCheckpoint, '');
    writeFileSync(
      log,
      `${JSON.stringify({ kind: 'epoch', time: '2026-01-01T00:00:00.000Z', step: 1, epoch: 1, loss: 1, patchesPerSecond: 10, seconds: 60 })}\n`,
    );
    expect((await halve())[1][names[8]]).toMatchObject({ score: 8 });
    expect(started).toContain('draw09 1');
  });

  it('scores by another measure are refused', async () => {
    const { folder, halve } = await harness(() => 1);
    await halve();
    await expect(readHalving(folder, { by: 'accuracy' })).rejects.toThrow(/has scores by effectiveRank, the sweep file asks for accuracy/);
  });
});

describe('a search by accuracy', () => {
  it('keeps what the looks say without labels, of the weights that were evaluated, and how that follows the accuracy', async () => {
    const folder = sweepFolder(await folderWith());
    const evaluation = { protocol: 'knn', split: 'validation', checkpoint: 'best' } as const;
    const config = { evaluation: evaluationOptions.parse({}) };
    const four = runs.slice(0, 4).map((run) => ({ ...run, evaluations: [evaluation], config }) as unknown as PlannedRun);
    // In the order of the draws: the two best are the other way round by effective rank.
    const accuracies = [0.1, 0.2, 0.3, 0.4];
    const ranks = [11, 12, 14, 13];
    const runStage: StageRunner = async ({ name }, stage) => {
      const paths = runFolder(folder.run(name));
      const draw = names.indexOf(name);
      if (stage.kind === 'training') {
        await createRun(paths.dir, { resume: true });
        const look = (epoch: number, effectiveRank: number) => ({
          kind: 'monitor',
          step: epoch,
          epoch,
          effectiveRank,
          isBest: epoch === 1,
        });
        const lines = [look(1, ranks[draw]), look(2, 0), { kind: 'end', reason: 'finished', step: 2, epoch: 2 }];
        writeFileSync(paths.log, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
        writeFileSync(paths.config, '');
        for (const path of [paths.lastCheckpoint, paths.bestCheckpoint]) writeFileSync(path, name);
      } else {
        const accuracy = { clipMicroAccuracy: 1, clipMacroAccuracy: accuracies[draw], clipMicroAccuracyInterval: null };
        await writeEvaluation(paths, {
          ...{ schemaVersion: 1, time: '', command: [], versions: {}, frontEndHash: 'f', configHash: 'c', classNames: ['a'], numClips: 1 },
          ...{ ...evaluation, ...accuracy, seed: 0, checkpointEpoch: 1, checkpointSha256: sha256(name), options: {} },
          ...{ clipMacroAccuracyInterval: null, patchWeightedAccuracy: null, top3Accuracy: null, confusion: [[1]] },
          perClass: [{ label: 'a', numClips: 1, recall: 1, interval: null }],
        });
      }
      return undefined;
    };
    const byAccuracy = searchOptions.parse({ ...search, draws: 4, epochs: [2], by: 'accuracy' });
    const scores = await runHalving({ folder, runs: four, search: byAccuracy, jobs: 1, runStage });
    expect(scores[2]['draw03-seed0']).toEqual({ score: 0.3, patches: 0, minutes: 0, accuracy: 0.3, scores: { effectiveRank: 14 } });
    // Ranks 1 2 3 4 against 1 2 4 3: 1 - 6 (1 + 1) / (4 (16 - 1)).
    expect(await writeHalvingTables(folder, { runs: four, search: byAccuracy, scores })).toMatch(
      /\n\nSpearman’s correlation of label-free scores with the macro accuracy after 2 epochs: effective rank 0\.80 \(4 runs\)\.\n$/,
    );
  });
});

it('survivors: the best, earlier draws first among equals, one at least, none without a score', () => {
  const three = ['a', 'b', 'c'].map((name) => ({ name }));
  const pick = (scores: (number | null)[], keep: number) =>
    survivors(three, Object.fromEntries(scores.map((score, i) => [three[i].name, { score }])), keep)
      .map(({ name }) => name)
      .join('');
  expect([pick([1, 2, 2], 3), pick([1, 2, 3], 1.5), pick([null, null, 1], 9), pick([null, null, null], 2)]).toEqual(['b', 'bc', 'c', '']);
});
