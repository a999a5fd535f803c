import type { RunLog } from '../run/readLog.js';
import { groupBy } from '../util/groupBy.js';
import type { RunReport } from './collectRun.js';
import { bestLook, selectionOf } from './selection.js';
import type { LineSeries } from './svg/lineChart.js';

type Point = readonly [number, number | null];

/** One chart of the report: curves over steps. */
export interface Curve {
  title: string;
  series: LineSeries[];
  isPercent?: boolean;
  mark?: { x: number; y: number; label: string };
}

/** A curve's name in a page: key of the record, title. Loss terms that a method adds by itself come after these, by their key. */
const monitorCurves: readonly { title: string; keys: readonly (readonly [string, string])[]; isPercent?: boolean }[] = [
  {
    title: 'kNN accuracy on validation clips',
    keys: [
      ['knnClipMacroAccuracy', 'macro'],
      ['knnClipMicroAccuracy', 'micro'],
    ],
    isPercent: true,
  },
  {
    title: 'Accuracy of the online probe on validation clips',
    keys: [
      ['probeClipMacroAccuracy', 'macro'],
      ['probeClipMicroAccuracy', 'micro'],
    ],
    isPercent: true,
  },
  {
    title: 'Accuracy of the classifier on validation clips',
    keys: [
      ['clipMacroAccuracy', 'macro'],
      ['clipMicroAccuracy', 'micro'],
    ],
    isPercent: true,
  },
  { title: 'Validation loss', keys: [['validationLoss', 'validation loss']] },
  { title: 'Alignment of positive pairs', keys: [['alignment', 'alignment']] },
  { title: 'Uniformity', keys: [['uniformity', 'uniformity']] },
  { title: 'Alignment + uniformity (lower = better)', keys: [['alignmentPlusUniformity', 'alignment + uniformity']] },
  { title: 'Tolerance (mean cosine within a class)', keys: [['tolerance', 'tolerance']] },
  { title: 'Standard deviation of h', keys: [['standardDeviation', 'standard deviation']] },
  { title: 'Spread of h (0 = all clips alike)', keys: [['relativeSpread', 'spread']] },
  { title: 'Effective rank of h', keys: [['effectiveRank', 'effective rank']] },
];

const mostPoints = 400;

/** Loss terms, learning rate and speed over steps: every step faint, the means of epochs strong. */
export function trainingCurves(log: RunLog): Curve[] {
  const keys = new Set<string>(['loss', 'contrastiveLoss', 'crossEntropyLoss', 'marginLoss']);
  for (const record of log.steps.slice(0, 1)) for (const key of Object.keys(record)) if (/(Loss|Accuracy)$/.test(key)) keys.add(key);
  // A term that is all of the loss has no chart of its own.
  const names = groupBy([...keys], (key) => JSON.stringify(pointsOf(log.steps, key)));
  const curves: Curve[] = [...names.values()].map(([key, ...twins]) => ({
    title: [titleOf(key), ...twins.map((twin) => titleOf(twin).toLowerCase())].join(' = '),
    series: stepAndEpochSeries(log, key),
    ...(/Accuracy$/.test(key) && { isPercent: true }),
  }));
  curves.push({
    title: 'Learning rate',
    series: [{ name: 'learning rate', colour: 0, points: thin(pointsOf(log.steps, 'learningRate')) }],
  });
  curves.push({ title: 'Patches a second', series: stepAndEpochSeries(log, 'patchesPerSecond') });
  return curves.filter(hasPoints);
}

/** The looks at the validation clips. Accuracies only with labels, whatever the log holds. */
export function monitorCurvesOf(run: Pick<RunReport, 'log' | 'config' | 'hasLabels'>): Curve[] {
  const { log, hasLabels } = run;
  const best = bestLook(run);
  const selection = selectionOf(run);
  return monitorCurves
    .filter(({ isPercent }) => hasLabels || isPercent !== true)
    .map(({ title, keys, isPercent }): Curve => {
      const series = withoutTwins(
        keys
          .map(([key, name], colour) => ({ name, colour, points: pointsOf(log.monitors, key) }))
          .filter(({ points }) => points.length > 0),
      );
      const chosenBy = keys[0][0] === selection.key;
      const value = best === undefined ? undefined : best[keys[0][0]];
      const mark = chosenBy && best !== undefined && typeof value === 'number' ? { x: best.step, y: value, label: 'best' } : undefined;
      return { title, series, isPercent, mark };
    })
    .filter(hasPoints);
}

/** Points [step, value] of a key; records without the key are left out, null (not finite) stays as a gap. */
export function pointsOf(records: readonly { step: number; [key: string]: unknown }[], key: string): Point[] {
  return records.flatMap((record): Point[] => {
    const value = record[key];
    return typeof value === 'number' ? [[record.step, value]] : value === null ? [[record.step, null]] : [];
  });
}

/** Curves that lie on each other, as macro and micro of balanced classes do, are one curve with both names. */
export function withoutTwins(series: readonly LineSeries[]): LineSeries[] {
  const groups = groupBy(series, ({ points }) => JSON.stringify(points));
  return [...groups.values()].map((twins) => ({ ...twins[0], name: twins.map(({ name }) => name).join(' = ') }));
}

function stepAndEpochSeries(log: RunLog, key: string): LineSeries[] {
  const steps = pointsOf(log.steps, key);
  const epochs = pointsOf(log.epochs, key);
  const hasEpochs = epochs.length > 1;
  return [
    { name: 'steps', colour: 0, isFaint: hasEpochs, points: thin(steps) },
    ...(hasEpochs ? [{ name: 'mean of an epoch', colour: 0, points: epochs }] : []),
  ];
}

/** Long curves become the means of equal runs of steps: at most 400 points; shorter ones stay as they are. */
export function thin(points: readonly Point[], most = mostPoints): Point[] {
  if (points.length <= most) return [...points];
  const size = Math.ceil(points.length / most);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i): Point => {
    const run = points.slice(i * size, (i + 1) * size);
    const values = run.map(([, value]) => value).filter((value) => value !== null);
    return [run[run.length - 1][0], values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length];
  });
}

function hasPoints({ series }: Curve): boolean {
  return series.some(({ points }) => points.some(([, value]) => value !== null));
}

/** `contrastiveLoss` -> `Contrastive loss`. */
export function titleOf(key: string): string {
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}
