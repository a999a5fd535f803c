import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EvaluationRecord } from '../../src/run/evaluationRecord.js';
import { writeEvaluation } from '../../src/run/evaluationRecord.js';
import { createRun, runFolder } from '../../src/run/runFolder.js';
import { chooseSettings } from '../../src/sweep/chooseSettings.js';
import type { CollectedResults } from '../../src/sweep/collectResults.js';
import { expandSweep, type PlannedRun, type SweepRun } from '../../src/sweep/expandSweep.js';
import { chosenFor, readSettings } from '../../src/sweep/readSettings.js';
import { readSweepFile, type SweepEvaluation } from '../../src/sweep/sweepFile.js';
import { sweepFolder } from '../../src/sweep/sweepFolder.js';
import { settlePlan } from '../../src/sweep/sweepPlan.js';
import { sha256 } from '../../src/util/hash.js';
import { runHere } from '../cli/runInProcess.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const validation: SweepEvaluation = { protocol: 'linear', split: 'validation', checkpoint: 'best' };
const test: SweepEvaluation = { ...validation, split: 'test' };

/** So many of 10 clips of the first class and so many of 10 of the second right. */
function recordOf(first: number, second: number): EvaluationRecord {
  const scores = { numClips: 20, numPatches: null, patchWeightedAccuracy: null, top3Accuracy: null };
  const rows = [[first, 10 - first], [10 - second, second]]; // biome-ignore format: one line
  return {
    ...scores,
    confusion: rows,
    clipMicroAccuracy: (first + second) / 20,
    clipMacroAccuracy: (first + second) / 20,
  } as unknown as EvaluationRecord;
}

function runOf(variant: string, temperature: number, fold: string, evaluations = [test, validation]): SweepRun {
  const system = `${variant}-temperature${temperature}`;
  return {
    name: `${system}-fold${fold}-seed0`,
    system,
    variant,
    command: 'pretrain',
    keys: { 'loss.temperature': temperature },
    seed: 0,
    fold,
    evaluations,
  };
}

function resultOf(run: SweepRun, evaluation: SweepEvaluation, record: EvaluationRecord): CollectedResults['results'][number] {
  return { run, evaluation, config: {}, record, recordName: '', trainingSeconds: 1, peakMebibytes: 1, scores: {} };
}

describe('chooseSettings', () => {
  it('takes the setting of the highest macro accuracy on validation, folds pooled, whatever the test split says', () => {
    const runs = [0.1, 0.2, 0.5].flatMap((temperature) => ['1', '2'].map((fold) => runOf('a', temperature, fold)));
    // Validation: 10 of 20 and 12 of 20; 18 and 8; 11 and 15, so 55, 65 and 65 %: of equal ones the first. The test split would take the last.
    const right = [[4, 6], [6, 6], [9, 9], [4, 4], [5, 6], [7, 8]]; // biome-ignore format: one line
    const results = runs.flatMap((run, i) => [
      resultOf(run, test, recordOf(i, i)),
      resultOf(run, validation, recordOf(right[i][0], right[i][1])),
    ]);
    const { settings, missing } = chooseSettings(runs, results);
    expect(missing).toEqual([]);
    expect(settings?.by).toBe('linear on validation');
    const [{ name, keys, tried }] = settings?.variants ?? [];
    expect([name, keys]).toEqual(['a', { 'loss.temperature': 0.2 }]);
    expect(tried.map(({ keys, accuracy }) => [keys['loss.temperature'], Number(accuracy.toFixed(4))])).toEqual([
      [0.2, 0.65],
      [0.5, 0.65],
      [0.1, 0.55],
    ]);
  });

  it('leaves out variants that lack a run or have one setting, and chooses nothing by test clips', () => {
    const runs = [runOf('a', 0.1, '1'), runOf('a', 0.2, '1'), runOf('b', 0.1, '1'), runOf('b', 0.2, '1'), runOf('c', 0.1, '1')];
    const results = [0, 1, 2, 4].map((i) => resultOf(runs[i], validation, recordOf(i, i)));
    const { settings, missing } = chooseSettings(runs, results);
    expect(settings?.variants.map(({ name, keys }) => [name, keys])).toEqual([['a', { 'loss.temperature': 0.2 }]]);
    expect(missing).toEqual(['b-temperature0.2']);
    const onTest = runs.map((run) => ({ ...run, evaluations: [test] }));
    expect(chooseSettings(onTest, results)).toEqual({ settings: undefined, missing: [] });
  });
});

const grid = `seeds: [0]
set: { encoder.name: vgg, train.epochs: 1 }
variants:
  - { name: cold, set: { loss: { name: ntXent, temperature: 0.2 } }, grid: { loss.temperature: [0.2, 0.1] } }
  - { name: margin, set: { loss: { name: infoNce, m1: 0.5, m2: 0.4 } }, grid: { loss.m1: [0.5, 0.1], loss.m2: [0.4, 0.2] } }
evaluate: [{ protocol: linear, split: validation }]
`;
const comparison = `seeds: [0, 1]
variants:
  - { name: other, set: { loss.temperature: 0.3 } }
  - { name: cold, set: { train.epochs: 7, loss: { name: ntXent, temperature: 0.2 } } }
  - { name: margin, set: { loss: { name: infoNce, m1: 0.5, m2: 0.4 } }, grid: { loss.s: [1, 2] } }
`;
const clips: [] = [];

/** A sweep's folder as it is left when its runs are done: macro accuracies, run by run. */
async function doneSweep(text: string, accuracies: readonly number[]) {
  const dir = temporaryFolder();
  const file = join(dir, 'grid.yaml');
  writeFileSync(file, text);
  const runs = expandSweep(readSweepFile(file), { clips });
  const folder = sweepFolder(join(dir, 'out'));
  const engine = { backend: 'libtorch', device: 'cpu', precision: 'float32', threads: 1 };
  await settlePlan(folder, { source: '/data', engine, runs });
  for (const [i, accuracy] of accuracies.entries()) await finish(runs[i], accuracy);
  return { dir, runs, out: folder.dir, finish };

  async function finish(run: PlannedRun, accuracy: number) {
    const paths = runFolder(folder.run(run.name));
    await createRun(paths.dir, { resume: true });
    mkdirSync(join(paths.dir, 'checkpoints'), { recursive: true });
    writeFileSync(paths.log, `${JSON.stringify({ kind: 'end', time: '', reason: 'finished', step: 1, epoch: 1, seconds: 1 })}\n`);
    for (const path of [paths.lastCheckpoint, paths.bestCheckpoint]) writeFileSync(path, run.name);
    const confusion = [[Math.round(100 * accuracy), 100 - Math.round(100 * accuracy)], [0, 0]]; // biome-ignore format: one line
    const perClass = ['a', 'b'].map((label, i) => ({
      label,
      numClips: i === 0 ? 100 : 0,
      recall: i === 0 ? accuracy : null,
      interval: null,
    }));
    await writeEvaluation(paths, {
      ...{
        schemaVersion: 1,
        time: '',
        command: [],
        versions: {},
        frontEndHash: 'f',
        configHash: 'c',
        classNames: ['a', 'b'],
        numClips: 100,
      },
      ...{ ...validation, clipMicroAccuracy: accuracy, clipMacroAccuracy: accuracy, seed: 0, checkpointEpoch: 1 },
      ...{ checkpointSha256: sha256(run.name), options: {}, clipMicroAccuracyInterval: null, clipMacroAccuracyInterval: null },
      ...{ patchWeightedAccuracy: null, top3Accuracy: null, confusion, perClass },
    });
  }
}

describe('the settings that another sweep chose', () => {
  it('become those of the variants of the same name, under their own names, in place of their grid', async () => {
    const { dir, runs, out, finish } = await doneSweep(grid, [0.5, 0.6, 0.3, 0.3, 0.7]);
    expect(runs.map(({ system }) => system)).toEqual([
      ...['cold-temperature0.2', 'cold-temperature0.1'],
      ...['margin-m10.5-m20.4', 'margin-m10.5-m20.2', 'margin-m10.1-m20.4', 'margin-m10.1-m20.2'],
    ]);
    expect(runs.map(({ config: { loss } }) => loss)).toMatchObject([
      ...[
        { name: 'ntXent', temperature: 0.2 },
        { name: 'ntXent', temperature: 0.1 },
      ],
      ...[[0.5, 0.4], [0.5, 0.2], [0.1, 0.4], [0.1, 0.2]].map(([m1, m2]) => ({ name: 'infoNce', m1, m2 })), // biome-ignore format: one line
    ]);
    await expect(readSettings(out)).rejects.toThrow(
      /^sweep: .*1 of its systems lack runs \(margin-m10\.1-m20\.2\), so that nothing is chosen/,
    );
    await finish(runs[5], 0.6);

    const file = join(dir, 'sweep.yaml');
    writeFileSync(file, comparison);
    const read = readSweepFile(file);
    const settings = chosenFor(read, await readSettings(out));
    expect(settings).toMatchObject({ from: out, by: 'linear on validation' });
    const tuned = expandSweep({ ...read, settings }, { clips });
    expect(tuned.map(({ system }) => system)).toEqual(['other', 'cold', 'margin', 'other', 'cold', 'margin']);
    const [other, cold, margin] = tuned.map(({ config }) => config);
    expect(other).toEqual(expandSweep(read, { clips })[0].config);
    expect(cold).toMatchObject({ train: { epochs: 7 }, loss: { name: 'ntXent', temperature: 0.1 } });
    expect(margin).toMatchObject({ loss: { name: 'infoNce', m1: 0.1, m2: 0.4, s: 1 } });
  });

  it('are said by the command, kept in its plan and shown in its table', async () => {
    const { dir, out } = await doneSweep(grid, [0.5, 0.6, 0.3, 0.3, 0.7, 0.1]);
    const [file, tuned] = [join(dir, 'sweep.yaml'), join(dir, 'tuned')];
    writeFileSync(
      file,
      `${comparison}set: { encoder.name: vgg, frontEnd: { nMels: 24, minSeconds: 0.5 }, data: { patchFrames: 32, patchHop: 16 } }\nevaluate: [{ protocol: knn, split: validation }]\n`,
    );
    const data = await folderWith(
      Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [`${i % 2 ? 'high' : 'low'}/${i}.wav`, tone((i % 2 ? 1000 : 300) * (1 + 0.04 * i), 0.6)]),
      ),
    );
    const args = ['sweep', file, '--data', data, '--out', tuned, '--backend', 'cpu', '--threads', '1'];
    const { code, stderr } = await runHere([...args, '--settings', out, '--prepare']);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining(
        'audiossl: cold: loss.temperature 0.1, the best of 2\naudiossl: margin: loss.m1 0.1, loss.m2 0.4, the best of 4\n',
      ),
    ]);
    expect(stderr).toContain(` --settings ${out} `);
    const table = await runHere(['sweep', file, '--out', tuned, '--table']);
    expect(table.stdout).toContain(`## Settings\n\nThe best by macro accuracy in %, linear on validation, in ${out}.\n`);
    expect(table.stdout).toContain('| cold | loss.temperature 0.1 | 60.0 | loss.temperature 0.2: 50.0 |\n');
    // Without them, or with others, it would be another sweep.
    const without = await runHere([...args, '--dry-run']);
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining(`it was begun with --settings ${out};`)]);
  }, 30_000);

  it('are refused in one line where there are none, or none for these variants', async () => {
    const { dir, out } = await doneSweep(grid, [0.5, 0.6, 0.3, 0.3, 0.7, 0.1]);
    const file = join(dir, 'sweep.yaml');
    const refused = async (text: string, from = out, ...more: string[]) => {
      writeFileSync(file, text);
      const { code, stderr } = await runHere(['sweep', file, '--data', dir, '--out', join(dir, 'new'), '--settings', from, ...more]);
      return `${code} ${stderr.replaceAll(dir, 'DIR')}`;
    };
    expect(await refused(comparison, join(dir, 'no'))).toMatch(
      /^2 .*--settings needs the folder of a sweep that .*, DIR\/no has no sweep\.yaml\n$/s,
    );
    expect(await refused('variants: [{ name: warm }]\n')).toBe(
      '2 audiossl: sweep: --settings DIR/out chose for cold, margin, DIR/sweep.yaml has other variants (warm)\n',
    );
    expect(await refused('seeds: [0]\n')).toContain('DIR/sweep.yaml has no variants\n');
    expect(await refused(`${comparison}grid:\n  loss.m1: [0, 1]\n`)).toMatch(
      /sweep\.yaml:7:3: loss\.m1: --settings DIR\/out chose it for margin; leave/,
    );
    expect(await refused(comparison, out, '--table')).toMatch(/^2 .*--table writes what is there and takes no --settings/);
    const { out: single } = await doneSweep(grid.replaceAll(/, grid: \{.*\} \}/g, ' }'), [0.1, 0.2]);
    expect(await refused(comparison, single)).toMatch(/tried one at most of each\n$/);
    const { out: tested } = await doneSweep(grid.replace('split: validation', 'split: test'), []);
    expect(await refused(comparison, tested)).toMatch(/evaluates none on validation\n$/);
  });
});

it("a variant's own grid names its keys once and has values", () => {
  const file = join(temporaryFolder(), 'sweep.yaml');
  const read = (text: string) => {
    writeFileSync(file, text);
    return expandSweep(readSweepFile(file), { clips });
  };
  expect(() => read('variants:\n  - { name: a, grid: {} }\n')).toThrow(/sweep\.yaml:2:16: grid of a: must name at least one key/);
  expect(() => read('variants:\n  - name: a\n    grid: { seed: [1] }\n')).toThrow(/sweep\.yaml:3:13: seed: the sweep's own key seeds says/);
  expect(() => read('variants:\n  - name: a\n    grid: { loss.temprature: [1] }\n')).toThrow(/:3:31: loss\.temprature: unknown key/);
  expect(() => read('grid: { train.epochs: [1] }\nvariants:\n  - { name: a, grid: { train.epochs: [2] } }\n')).toThrow(
    /:3:24: train\.epochs: the grid of all variants names it too/,
  );
  expect(() => read('variants:\n  - { name: a, grid: { train.epochs: [2, 2] } }\n')).toThrow(/:2:16: two runs would have the name/);
  const both = read(
    'grid: { train.epochs: [1, 2] }\nvariants:\n  - { name: a, grid: { loss.temperature: [0.5, 0.6] } }\n  - { name: b }\n',
  );
  expect(both.map(({ system, config: { train, loss } }) => [system, train.epochs, 'temperature' in loss && loss.temperature])).toEqual([
    ...[
      ['a-epochs1-temperature0.5', 1, 0.5],
      ['a-epochs1-temperature0.6', 1, 0.6],
      ['a-epochs2-temperature0.5', 2, 0.5],
    ],
    ...[
      ['a-epochs2-temperature0.6', 2, 0.6],
      ['b-epochs1', 1, 0.2],
      ['b-epochs2', 2, 0.2],
    ],
  ]);
});
