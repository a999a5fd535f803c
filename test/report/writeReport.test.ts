import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { configDifferences } from '../../src/report/configDifferences.js';
import { writeReport } from '../../src/report/writeReport.js';
import { readClipEmbeddings } from '../../src/run/clipEmbeddings.js';
import { readEvaluations } from '../../src/run/evaluationRecord.js';
import { readLog } from '../../src/run/readLog.js';
import type { RunFolder } from '../../src/run/runFolder.js';
import { parseCsv } from '../../src/util/csv.js';
import { jsonLine } from '../../src/util/jsonLines.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { expectSound, found } from './expectSound.js';
import { esc10, type FixtureOptions, writeFixtureRun } from './fixtureRun.js';

const root = temporaryFolder();

const now = new Date('2026-11-22T12:00:00Z');
async function report(runs: RunFolder[], out: string) {
  const files = await writeReport({ runs, out, version: '0.1.0', now });
  const [html, markdown, csv, json] = await Promise.all(
    [files.html, files.markdown, files.csv, files.json].map((file) => readFile(file, 'utf8')),
  );
  return { html, markdown, csv, json };
}
const make = (name: string, options: Partial<FixtureOptions> = {}) =>
  writeFixtureRun({ dir: join(root, name), numEpochs: 4, stepsPerEpoch: 3, testClipsPerClass: 3, dim: 8, ...options });

describe('the report of one labelled run', () => {
  let run: RunFolder;
  let texts: Awaited<ReturnType<typeof report>>;
  beforeAll(async () => {
    run = await make('labelled');
    texts = await report([run], run.report);
  });

  it('is one sound page, and the same page again', async () => {
    expectSound(texts.html);
    expect(await report([run], run.report)).toEqual(texts);
    expect((await readdir(run.report)).sort()).toEqual(['log.csv', 'maps.csv', 'report.csv', 'report.html', 'report.json', 'report.md']);
  });

  it('shows one look at the validation clips as numbers, several as curves', async () => {
    const once = await make('one-look', { numEpochs: 1 });
    const { monitors } = await readLog(once.log);
    const { html } = await report([once], once.report);
    const numbers = /The one look at the validation clips[\s\S]*?<\/table>/.exec(html)?.[0];
    expect(monitors).toHaveLength(1);
    expect(numbers).toContain(`>${Number(monitors[0].alignment?.toPrecision(3))}<`);
    expect([html, texts.html].map((page) => page.includes('<figcaption>Alignment of positive pairs'))).toEqual([false, true]);
  });

  it('draws the loss curve through the log’s own numbers', async () => {
    const { steps } = await readLog(run.log);
    const figure = /<figcaption>Loss<\/figcaption>(<svg[\s\S]*?<\/svg>)/.exec(texts.html)?.[1] ?? '';
    const faint = /class="curve stroke-0 faint" d="([^"]*)"/.exec(figure)?.[1] ?? '';
    const drawn = [...faint.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(drawn.length).toBe(steps.length);
    // The y axis from two of its ticks: texts stand 4 below their line.
    const ticks = [...figure.matchAll(/<text class="tick" x="[\d.]+" y="([\d.]+)" text-anchor="end">([\d.]+)</g)].map(([, y, text]) => [
      Number(text),
      Number(y) - 4,
    ]);
    const [first, last] = [ticks[0], ticks[ticks.length - 1]];
    const values = drawn.map(([, y]) => first[0] + ((y - first[1]) / (last[1] - first[1])) * (last[0] - first[0]));
    // Two decimals of a coordinate are 0.01 / 140 of the axis.
    expect(values).toBeAllClose(
      steps.map(({ loss }) => loss ?? Number.NaN),
      { atol: (0.02 / 140) * (last[0] - first[0]) },
    );
  });

  it('says the numbers of every evaluation, in all four forms', async () => {
    const table = parseCsv(texts.csv, 'report.csv');
    for (const { name, record } of await readEvaluations(run)) {
      const row = table.rows.find(
        (one) => one.evaluation === name && one.predictor === record.protocol && one.metric === 'clipMacroAccuracy',
      );
      expect(Number(row?.value)).toBe(record.clipMacroAccuracy);
      expect([Number(row?.low), Number(row?.high)]).toEqual(record.clipMacroAccuracyInterval);
      const recalls = table.rows.filter((one) => one.evaluation === name && one.metric === 'recall');
      expect(recalls.map((one) => [one.label, Number(one.numClips), Number(one.value)])).toEqual(
        record.perClass.map((one) => [one.label, one.numClips, one.recall]),
      );
      const text = `${(100 * record.clipMicroAccuracy).toFixed(1)} %`;
      expect(texts.html).toContain(text);
      expect(texts.markdown).toContain(text);
    }
    const json = JSON.parse(texts.json);
    expect(json.runs[0].evaluations.length).toBe(5);
    expect(json.runs[0].epochs.length).toBe(4);
    expect(json.results.filter((row: { kind: string }) => row.kind === 'mean').length).toBe(1);
  });

  it('puts test before validation, linear before knn, and a mean with its sample deviation after the seeds', async () => {
    const rows: {
      kind: string;
      predictor: string;
      split: string;
      seed: number;
      clipMicroAccuracy: number;
      clipMicroAccuracyDeviation: number;
    }[] = JSON.parse(texts.json).results;
    expect(rows.map((row) => `${row.kind} ${row.predictor} ${row.split} ${row.seed ?? ''}`.trim())).toEqual([
      'evaluation linear test 0',
      'evaluation linear test 1',
      'evaluation linear test 2',
      'baseline log-mel statistics, ridge classifier test 2',
      'baseline random weights test 2',
      'mean linear test',
      'evaluation knn test 0',
      'baseline log-mel statistics, ridge classifier test 0',
      'baseline random weights test 0',
      'evaluation knn validation 0',
    ]);
    const [a, b, c] = rows.slice(0, 3).map((row) => row.clipMicroAccuracy);
    const mean = (a + b + c) / 3;
    expect(rows[5].clipMicroAccuracy).toBeCloseTo(mean, 12);
    expect(rows[5].clipMicroAccuracyDeviation).toBeCloseTo(Math.sqrt(((a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2) / 2), 12);
  });

  it('lays the map out by UMAP where that is asked for: neighbours in 8 dimensions stay neighbours', async () => {
    const one = await make('umap', { evaluations: [{ protocol: 'knn', seeds: [0] }] });
    const files = await writeReport({ runs: [one], out: one.report, version: '0.1.0', now, layout: 'umap' });
    const [html, json] = await Promise.all([files.html, files.json].map((file) => readFile(file, 'utf8')));
    expectSound(html);
    expect(html).toContain('laid out by UMAP');
    expect(html).not.toContain('component 1 (');
    const { map, name } = JSON.parse(json).runs[0].evaluations[0];
    const { data, dim } = (await readClipEmbeddings(one, name)) as NonNullable<Awaited<ReturnType<typeof readClipEmbeddings>>>;
    const rows = map.points.map((_: unknown, i: number) => [...data.subarray(i * dim, (i + 1) * dim)]);
    const nearest = (points: number[][], i: number) =>
      points
        .map((point, j) => ({ j, distance: Math.hypot(...point.map((x, k) => x - points[i][k])) }))
        .filter(({ j }) => j !== i)
        .sort((a, b) => a.distance - b.distance)
        .map(({ j }) => j);
    const unit = rows.map((row: number[]) => row.map((x) => x / Math.hypot(...row)));
    const places = map.points.map(({ x, y }: { x: number; y: number }) => [x, y]);
    // Of the five nearest of 30 clips in the plane by chance 0.17 are among the five nearest in space; UMAP keeps more than half.
    const kept = rows.map((_: unknown, i: number) => {
      const near = new Set(nearest(unit, i).slice(0, 5));
      return (
        nearest(places, i)
          .slice(0, 5)
          .filter((j) => near.has(j)).length / 5
      );
    });
    expect(kept.reduce((sum: number, share: number) => sum + share, 0) / kept.length).toBeGreaterThan(0.4);
  });

  it('shows the map of all test clips, the views, the use of the test set, the config and the notes', () => {
    const map = /<svg class="chart map"[\s\S]*?<\/svg>/.exec(texts.html)?.[0] ?? '';
    expect(map.match(/class="marker/g)?.length).toBe(30);
    expect(texts.html.match(/<img[^>]*alt="log-mel/g)?.length).toBe(9);
    expect(texts.html).toContain('The test clips were looked at 4 times.');
    expect(texts.html).toContain('contrastiveWeight: 0.3');
    expect(texts.html).toContain('<li>3 clips that stand in train and in test were dropped from train.</li>');
    expect(texts.html).toContain('40 training, 10 validation, 30 test');
    // Whether training helped stands before everything else, in the page and in Markdown.
    for (const text of [texts.html, texts.markdown]) {
      const answer = text.search(/Whether training helped|Training (helped|did not)/);
      expect(answer).toBeGreaterThan(0);
      expect(answer).toBeLessThan(text.search(/>Data<|- Data:/));
      expect(answer).toBeLessThan(text.search(/<h2 id="results">|## Results/));
    }
    expect(texts.html).toContain('audiossl pretrain --config configs/esc10.yaml');
    expect(texts.html).not.toContain('class="warnings"');
  });
});

describe('names that want to be code', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    'a|b',
    '=cmd|calc',
    `'q' & "d"`,
    '</title></svg>',
    '-1+1',
    '[x](javascript:y)',
    '@sum',
    'é😀\u202e',
  ];

  it('stay text in every form', async () => {
    const run = await make('hostile <b>&', {
      classNames: hostile,
      dataset: '=HYPERLINK("x")<i>',
      dataNotes: ['<b>note</b> | x'],
      evaluations: [{ protocol: 'knn', seeds: [0] }],
    });
    const { html, markdown, csv } = await report([run], run.report);
    expectSound(html);
    expect(found(html, /<b>|<i>|<img src=x/)).toBe(undefined);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('&lt;b&gt;note&lt;/b&gt; | x');
    expect(markdown).not.toMatch(/<script|<img|<b>|<i>/);
    for (const line of markdown.split('\n').filter((one) => one.startsWith('| '))) {
      // An unescaped pipe would make another cell.
      const cells = line.replace(/\\\\/g, '').replace(/\\\|/g, '').split('|').length - 2;
      expect([4, 8]).toContain(cells);
    }
    const table = parseCsv(csv, 'report.csv');
    for (const row of table.rows) for (const text of [row.run, row.label, row.predictor]) expect(text).not.toMatch(/^[=+\-@\t]/);
    expect(table.rows.filter((row) => row.metric === 'recall').map((row) => row.label.replace(/^'(?=[=+\-@])/, ''))).toEqual(hostile);
  });
});

describe('a run without labels', () => {
  it('has no accuracy anywhere', async () => {
    const run = await make('unlabelled', { classNames: [], hasViews: false });
    // Even where a log holds some, nobody knows of what.
    const monitor = {
      kind: 'monitor',
      step: 12,
      epoch: 4,
      knnClipMacroAccuracy: 0.5,
      knnClipMicroAccuracy: 0.5,
      validationLoss: 1,
      isBest: true,
    };
    await appendFile(run.log, jsonLine(monitor));
    const { html, markdown, csv, json } = await report([run], run.report);
    expectSound(html);
    expect(html).toContain('has no labels, so there is no accuracy to report');
    expect(html).toContain('<figcaption>Validation loss</figcaption>');
    expect(found(html.replace(/<style>[\s\S]*?<\/style>/, ''), /kNN accuracy|macro|micro/i)).toBe(undefined);
    expect(markdown).not.toMatch(/macro|micro/i);
    expect(csv.split('\n').slice(1).join('\n')).not.toMatch(/accuracy/i);
    expect(csv).toContain('validationLoss');
    expect(json).not.toMatch(/knnClip/);
    expect(html).toContain('This run stored no pictures of its views.');
    expect(html).toContain('This run has no test split.');
  });
});

describe('several runs', () => {
  it('stand in one table, each once in the mean, with what differs between them', async () => {
    const a = await make('first');
    const b = await make('second', { seed: 5, evaluations: [{ protocol: 'linear', seeds: [0] }] });
    const { html, json } = await report([a, b], join(root, 'both'));
    expectSound(html);
    const rows: { kind: string; run: string; split: string; clipMacroAccuracy: number; meanOf: object }[] = JSON.parse(json).results;
    const means = rows.filter((row) => row.kind === 'mean');
    expect(means.map(({ run, meanOf }) => [run, meanOf])).toEqual([
      ['first', { count: 3, what: 'seeds' }],
      ['', { count: 2, what: 'runs' }],
    ]);
    const second = rows.find((row) => row.run === 'second' && row.kind === 'evaluation')?.clipMacroAccuracy ?? Number.NaN;
    expect(means[1].clipMacroAccuracy).toBeCloseTo((means[0].clipMacroAccuracy + second) / 2, 12);
    expect(html).toContain('<code>seed</code>');
  });

  it('keep apart two folders of the same name', async () => {
    const evaluations = [{ protocol: 'knn', seeds: [0] }];
    const a = await make('x/same', { evaluations });
    const b = await make('y/same', { evaluations, seed: 5 });
    const { html } = await report([a, b], join(root, 'same'));
    expectSound(html);
    expect(html).toContain(`>${a.dir}</h2>`);
    expect(html).toContain('The configs of these systems are equal but for seeds and folds.');
  });

  it('configDifferences compares leaf by leaf and lists as wholes', () => {
    expect(
      configDifferences([
        { a: { b: 1, c: [1] }, d: null },
        { a: { b: 2, c: [1] }, e: 0 },
      ]),
    ).toEqual([
      { key: 'a.b', values: ['1', '2'] },
      { key: 'd', values: ['null', '–'] },
      { key: 'e', values: ['–', '0'] },
    ]);
  });
});

describe('runs that are not whole', () => {
  it('a run that has only begun is told in words', async () => {
    const run = await make('begun', { evaluations: [], isEnded: false });
    await rm(run.log);
    await rm(run.split);
    const { html } = await report([run], run.report);
    expectSound(html);
    for (const text of ['no start record', 'No step has been logged.', 'No look at the validation clips has been logged.', 'no step yet'])
      expect(html).toContain(text);
  });

  it('a killed run, a torn log, a changed config, a changed split and a collapse are warned about', async () => {
    const run = await make('changed', { evaluations: [], isEnded: false });
    await appendFile(run.config, 'extra: 1\n');
    await appendFile(run.split, 'z.ogg,train\n');
    await appendFile(
      run.log,
      `${JSON.stringify({ kind: 'monitor', step: 12, epoch: 4, isBest: false, collapse: 'standard deviation of h is 0.0001' })}\n{"kind":"st`,
    );
    const { html } = await report([run], run.report);
    expectSound(html);
    for (const text of [
      'config.yaml has changed',
      'split.csv has changed',
      'the run is still going on, or was killed',
      'is incomplete',
      'Epoch 4: standard deviation of h is 0.0001',
    ]) {
      expect(html).toContain(text);
    }
    expect(html).toContain('Not evaluated yet.');
  });

  it('embeddings that do not fit the predictions are refused by name, and nothing is written', async () => {
    const run = await make('misfit', { evaluations: [{ protocol: 'knn', seeds: [0] }] });
    const predictions = join(run.evaluations, 'knn-test-best-seed0.predictions.csv');
    await writeFile(predictions, (await readFile(predictions, 'utf8')).split('\n').slice(0, 5).join('\n'));
    await expect(report([run], run.report)).rejects.toThrow(
      /knn-test-best-seed0: embeddings and predictions must have the same rows, got 30 and 4/,
    );
    expect(await readdir(run.dir)).not.toContain('report');
  });

  it('a diverged run draws what is finite', async () => {
    const run = await make('diverged', { evaluations: [] });
    const lines = (await readFile(run.log, 'utf8'))
      .split('\n')
      .map((line) => line.replace(/"loss":[\d.]+/, (text) => (Math.abs(line.length % 2) === 1 ? '"loss":null' : text)));
    await writeFile(run.log, lines.join('\n'));
    expectSound((await report([run], run.report)).html);
  });

  it('needs a run', async () => {
    await expect(writeReport({ runs: [], out: root, version: '' })).rejects.toThrow(/needs at least one run/);
    expect(esc10.length).toBe(10);
  });
});
