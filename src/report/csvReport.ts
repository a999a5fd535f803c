import { type CsvValue, formatCsv } from '../util/csv.js';
import { comparisonCsvRows } from './comparisonCsv.js';
import { csvText } from './markup.js';
import type { ReportContent } from './reportContent.js';
import { resultRows } from './resultRows.js';
import { trainingConditions } from './trainingConditions.js';

export const csvColumns = [
  'run',
  'evaluation',
  'predictor',
  'protocol',
  'labelFraction',
  'shots',
  'fold',
  'trainOn',
  'dataset',
  'split',
  'checkpoint',
  'seed',
  'batchSize',
  'temperature',
  'metric',
  'label',
  'numClips',
  'value',
  'low',
  'high',
  'numSeeds',
  'deviation',
  'pValue',
] as const;

const calibrationMetrics = ['expectedCalibrationError', 'maximumCalibrationError', 'brierScore', 'negativeLogLikelihood'] as const;

const monitorMetrics = [
  'clipMicroAccuracy',
  'clipMacroAccuracy',
  'knnClipMicroAccuracy',
  'knnClipMacroAccuracy',
  'validationLoss',
  'alignment',
  'uniformity',
  'alignmentPlusUniformity',
  'tolerance',
  'standardDeviation',
  'relativeSpread',
  'effectiveRank',
];

/**
 * report.csv, one number a row: every accuracy of every evaluation and baseline, the recall of each class, and what the monitor read at the
 * best checkpoint; of a baseline `microAccuracyDifference` and `macroAccuracyDifference`, the evaluation minus it. `low` and `high` are the ends of the 95 % interval.
 * `batchSize` and `temperature` are those of the training. Of several runs also every system (run and evaluation empty) with mean and deviation over seeds, and every difference of two systems. Text that a spreadsheet would run as a formula has an apostrophe before it.
 */
export function csvReport({ runs, comparison }: Pick<ReportContent, 'runs' | 'comparison'>): string {
  const rows: CsvValue[][] = [];
  const conditionsOf = new Map(runs.map(({ name, config }) => [name, trainingConditions(config)]));
  for (const row of resultRows(runs)) {
    if (row.kind === 'mean') continue;
    const learnt = [row.protocol, row.labelFraction, row.shots, row.folds.join(' ') || row.fold, row.trainOn, row.dataset];
    const place = [row.run, row.evaluation, row.predictor, ...learnt, row.split, row.checkpoint, row.seed];
    place.push(...((row.kind === 'baseline' ? undefined : conditionsOf.get(row.run)) ?? [undefined, undefined]));
    const add = (metric: string, value: number | null, interval: readonly [number, number] | null) =>
      value !== null && rows.push([...place, metric, '', row.numClips, value, interval?.[0], interval?.[1]]);
    add('clipMicroAccuracy', row.clipMicroAccuracy, row.clipMicroAccuracyInterval);
    add('clipMacroAccuracy', row.clipMacroAccuracy, row.clipMacroAccuracyInterval);
    add('top3Accuracy', row.top3Accuracy, null);
    add('patchWeightedAccuracy', row.patchWeightedAccuracy, null);
    for (const [metric, { estimate, low, high, pValue }] of Object.entries(row.difference ?? {}))
      rows.push([...place, `${metric}AccuracyDifference`, '', row.numClips, estimate, low, high, undefined, undefined, pValue]);
    if (row.kind === 'baseline') continue;
    const record = runs.find(({ name }) => name === row.run)?.evaluations.find(({ name }) => name === row.evaluation)?.record;
    for (const metric of calibrationMetrics) {
      const value = record?.calibration?.[metric];
      if (typeof value === 'number') rows.push([...place, metric, '', row.numClips, value]);
    }
    for (const one of record?.folds ?? []) {
      const ofFold = [...place.slice(0, 6), one.fold, ...place.slice(7)];
      rows.push([...ofFold, 'clipMicroAccuracy', '', one.numClips, one.clipMicroAccuracy]);
      rows.push([...ofFold, 'clipMacroAccuracy', '', one.numClips, one.clipMacroAccuracy]);
    }
    for (const { label, numClips, recall, interval } of record?.perClass ?? []) {
      rows.push([...place, 'recall', label, numClips, recall, interval?.[0], interval?.[1]]);
    }
  }
  for (const run of runs) {
    const best = run.log.monitors.filter((record) => record.isBest).at(-1);
    if (best === undefined) continue;
    for (const metric of monitorMetrics) {
      const value = best[metric];
      if (typeof value !== 'number' || (/Accuracy$/.test(metric) && !run.hasLabels)) continue;
      const numClips = run.log.starts.at(-1)?.numClips.validation;
      rows.push([
        run.name,
        '',
        'monitor',
        '',
        '',
        '',
        '',
        '',
        '',
        'validation',
        'best',
        run.log.starts.at(-1)?.seed,
        ...(conditionsOf.get(run.name) ?? [undefined, undefined]),
        metric,
        '',
        numClips,
        value,
      ]);
    }
  }
  if (comparison !== undefined) {
    rows.push(...comparisonCsvRows(comparison));
    const { onValidation } = comparison;
    if (onValidation !== undefined && 'rows' in onValidation) rows.push(...comparisonCsvRows(onValidation));
  }
  return formatCsv(
    csvColumns,
    rows.map((row) => csvColumns.map((_, i) => (typeof row[i] === 'string' ? csvText(row[i]) : row[i]))),
  );
}
