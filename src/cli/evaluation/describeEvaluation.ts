import { join } from 'node:path';
import type { EvaluationResult } from '../../eval/evaluate.js';
import type { SeriesResult, SeriesRow } from '../../eval/evaluateSeries.js';
import { trainingHelped } from '../../report/trainingHelped.js';
import { baselineRecord } from '../../run/evaluationRecord.js';
import { percent } from '../percent.js';

const interval = (range: readonly number[] | null | undefined): string =>
  range ? `[${(100 * range[0]).toFixed(1)}, ${(100 * range[1]).toFixed(1)}]` : '';

type Described = Pick<EvaluationResult, 'name' | 'record'>;

function heading({ protocol, numClips, split, checkpoint, checkpointEpoch, dataset, trainOn }: Described['record']): string {
  const from = dataset ? ` of ${dataset}` : '';
  const learnt = trainOn ? `, learnt from the ${trainOn} clips` : '';
  return `${protocol} on ${numClips} ${split} clips${from}${learnt}, checkpoint ${checkpoint} (epoch ${checkpointEpoch})`;
}

const lines = (texts: readonly string[]): string => `${texts.map((line) => line.trimEnd()).join('\n')}\n`;
const notesOf = ({ notes = [] }: Described['record']): string[] => notes.map((note) => `  note: ${note}`);
const helpedLines = ({ baselines = [] }: Described['record']): string[] => {
  const helped = trainingHelped({ baselines: baselines.map((baseline) => baselineRecord.parse(baseline)) });
  return helped === undefined ? [] : [`  better than no training? ${helped.text}`];
};
const fileOf = (dir: string, name: string): string => join(dir, 'evaluations', `${name}.json`);

/** One evaluation, class by class; of a k-fold one the pooled clips, then fold by fold. */
export function describeOne({ name, record }: Described, dir: string): string {
  return lines([
    `${heading(record)}, seed ${record.seed}`,
    `  clip micro accuracy        ${percent(record.clipMicroAccuracy)} ${interval(record.clipMicroAccuracyInterval)}`,
    `  clip macro accuracy        ${percent(record.clipMacroAccuracy)} ${interval(record.clipMacroAccuracyInterval)}`,
    `  patch-weighted accuracy    ${percent(record.patchWeightedAccuracy)}`,
    `  top-3 accuracy             ${percent(record.top3Accuracy)}`,
    ...(record.folds ?? []).map(
      ({ fold, numClips, clipMicroAccuracy, clipMacroAccuracy }) =>
        `  ${`fold ${fold}`.padEnd(26)} micro ${percent(clipMicroAccuracy)}, macro ${percent(clipMacroAccuracy)}, ${numClips} clips`,
    ),
    ...record.perClass.map(
      ({ label, numClips, recall, interval: range }) => `  ${label.padEnd(26)} ${percent(recall)} of ${numClips} ${interval(range)}`,
    ),
    ...(record.baselines ?? []).map(
      (row) => `  ${row.name}: micro ${percent(row.clipMicroAccuracy)}, macro ${percent(row.clipMacroAccuracy)}`,
    ),
    ...helpedLines(record),
    ...notesOf(record),
    fileOf(dir, name),
  ]);
}

/** A table with a row a share of labels, or number of shots: mean over the seeds and its deviation, with one seed its interval. */
export function describeSeries({ results, summary }: SeriesResult, dir: string): string {
  const byName = new Map(results.map((result) => [result.name, result]));
  const first = byName.get(summary[0].evaluations[0]) as EvaluationResult;
  const { seeds } = summary[0];
  const head = ['labels', 'training clips', 'clip micro accuracy', 'clip macro accuracy'];
  const rows = summary.map((row) => {
    const records = row.evaluations.map((name) => (byName.get(name) as EvaluationResult).record);
    const cell = (key: 'clipMicroAccuracy' | 'clipMacroAccuracy') => {
      const { mean, standardDeviation } = row[key];
      const spread = standardDeviation === null ? interval(records[0][`${key}Interval`]) : `+- ${(100 * standardDeviation).toFixed(1)}`;
      return `${percent(mean)} ${spread}`;
    };
    return [labelsOf(row), String(Math.round(10 * row.numTrainClips) / 10), cell('clipMicroAccuracy'), cell('clipMacroAccuracy')];
  });
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const tellsSeeds = seeds.length === 1 ? `seed ${seeds[0]}` : `${seeds.length} seeds from ${seeds[0]}, mean +- deviation`;
  const notes = [
    ...new Set(
      summary.flatMap(({ evaluations }) => evaluations.flatMap((name) => (byName.get(name) as EvaluationResult).record.notes ?? [])),
    ),
  ];
  return lines([
    `${heading(first.record)}, ${tellsSeeds}`,
    ...[head, ...rows].map((row) => `  ${row.map((text, column) => text.padEnd(widths[column])).join('  ')}`),
    ...notes.map((note) => `  note: ${note}`),
    ...results.map(({ name }) => fileOf(dir, name)),
  ]);
}

/** `10 %`, `5 shots`, `all`. */
function labelsOf({ labelFraction, shots }: SeriesRow): string {
  if (shots !== null) return `${shots} ${shots === 1 ? 'shot' : 'shots'}`;
  return labelFraction === null || labelFraction === 1 ? 'all' : `${Number((100 * labelFraction).toPrecision(6))} %`;
}
