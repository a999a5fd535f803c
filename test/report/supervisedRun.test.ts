import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/report/writeReport.js';
import { type EvaluationRecord, readEvaluations } from '../../src/run/evaluationRecord.js';
import { readPredictions } from '../../src/run/predictions.js';
import { readLog } from '../../src/run/readLog.js';
import type { RunFolder } from '../../src/run/runFolder.js';
import { parseCsv } from '../../src/util/csv.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { expectSound } from './expectSound.js';
import { writeFixtureRun } from './fixtureRun.js';

let root: string;
let run: RunFolder;
let html: string;
let csv: string;
let evaluations: { name: string; record: EvaluationRecord }[];
beforeAll(async () => {
  root = temporaryFolder();
  run = await writeFixtureRun({
    dir: join(root, 'run'),
    isSupervised: true,
    numEpochs: 4,
    stepsPerEpoch: 2,
    testClipsPerClass: 3,
    dim: 4,
    hasViews: false,
    evaluations: [
      { protocol: 'classifier', seeds: [0] },
      { protocol: 'linear', seeds: [0, 1] },
      { protocol: 'linear', labelFraction: 0.1, seeds: [0, 1] },
      { protocol: 'knn', shots: 1, seeds: [0] },
      { protocol: 'knn', shots: 5, seeds: [0] },
      { protocol: 'finetune', folds: [{ fold: '1', numClips: 30, clipMicroAccuracy: 0.7, clipMacroAccuracy: 0.625 }], seeds: [0] },
    ],
  });
  const files = await writeReport({ runs: [run], out: run.report, version: '0.1.0' });
  [html, csv] = await Promise.all([files.html, files.csv].map((file) => readFile(file, 'utf8')));
  evaluations = await readEvaluations(run);
});

const section = (id: string) => new RegExp(`<section aria-labelledby="${id}">[\\s\\S]*?</section>`).exec(html)?.[0] ?? '';
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

describe('the report of a supervised run', () => {
  it('is sound, names the weight of the loss as the paper does and draws its terms', () => {
    expectSound(html);
    expect(section('summary')).toContain('crossEntropyWeight = 0.7 (the paper’s alpha)');
    expect(section('curves')).toContain('<figcaption>Cross entropy loss</figcaption>');
    expect(section('curves')).toContain('<figcaption>Margin loss</figcaption>');
    expect(section('curves')).not.toContain('Contrastive');
  });

  it('marks the checkpoint that the classifier’s validation accuracy chose', async () => {
    const best = (await readLog(run.log)).monitors.filter(({ isBest }) => isBest).at(-1);
    expect(section('summary')).toContain(
      `epoch ${best?.epoch}, step ${best?.step}, validation macro accuracy ${percent(best?.clipMacroAccuracy ?? Number.NaN)}`,
    );
    const figure = /<figcaption>Accuracy of the classifier on validation clips<\/figcaption>[\s\S]*?<\/figure>/.exec(html)?.[0] ?? '';
    expect(figure).toContain('class="mark"');
  });

  it('draws accuracy against labels: means over seeds, all labels as the last point', () => {
    const macros = (fraction: number | null) =>
      evaluations
        .filter(({ record }) => record.protocol === 'linear' && record.labelFraction === fraction)
        .map(({ record }) => record.clipMacroAccuracy);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(macros(0.1).length).toBe(2);
    const text = `macro accuracy is ${percent(mean(macros(0.1)))} with 10 % of the labels and ${percent(mean(macros(null)))} with all labels`;
    expect(section('labels')).toContain(text);
    const shots = evaluations.find(({ record }) => record.shots === 5)?.record.clipMacroAccuracy ?? Number.NaN;
    expect(section('labels')).toContain(percent(shots));
    const row = parseCsv(csv, 'report.csv').rows.find((one) => one.shots === '5' && one.metric === 'clipMacroAccuracy');
    expect(Number(row?.value)).toBe(shots);
  });

  it('says how sure the classifier is against how often it is right, from the predictions', async () => {
    const predictions = (await readPredictions(run, 'classifier-test-best-seed0'))?.predictions ?? [];
    const confidence = predictions.reduce((sum, { probabilities }) => sum + Math.max(...probabilities), 0) / predictions.length;
    const right = predictions.filter(({ label, predicted }) => label === predicted).length / predictions.length;
    expect(section('calibration')).toContain(`a mean probability of ${percent(confidence)} and is right for ${percent(right)}`);
    const name = 'classifier-test-best-seed0';
    const row = parseCsv(csv, 'report.csv').rows.find((one) => one.evaluation === name && one.metric === 'brierScore');
    expect(Number(row?.value)).toBe(evaluations.find((one) => one.name === name)?.record.calibration?.brierScore);
  });

  it('shows folds one by one', () => {
    expect(section('folds')).toContain('<td class="n">70.0 %</td><td class="n">62.5 %</td>');
    expect(section('folds')).toContain('pooled over 1 fold the');
  });
});
