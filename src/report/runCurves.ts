import { groupBy } from '../util/groupBy.js';
import { canonicalJson } from '../util/hash.js';
import type { RunReport } from './collectRun.js';
import { systemConfig } from './comparison/systems.js';
import { systemTraits, systemWords } from './comparison/systemTraits.js';
import { thin } from './curves.js';
import { counted } from './format.js';
import type { LineSeries } from './svg/lineChart.js';

type Point = readonly [number, number | null];

/** Runs that differ in nothing but seed and folds. */
export interface RunGroup {
  name: string;
  runs: RunReport[];
}

/** Curves over epochs of several runs in one chart. */
export interface RunCurves {
  title: string;
  isPercent: boolean;
  series: LineSeries[];
}

const charts = [
  { title: 'Loss, mean of an epoch', kind: 'epoch', key: 'loss' },
  { title: 'kNN macro accuracy on validation clips', kind: 'monitor', key: 'knnClipMacroAccuracy' },
  { title: 'Macro accuracy of the online probe on validation clips', kind: 'monitor', key: 'probeClipMacroAccuracy' },
  { title: 'Macro accuracy of the classifier on validation clips', kind: 'monitor', key: 'clipMacroAccuracy' },
  { title: 'Validation loss', kind: 'monitor', key: 'validationLoss' },
  { title: 'Uniformity', kind: 'monitor', key: 'uniformity' },
  { title: 'Effective rank of h', kind: 'monitor', key: 'effectiveRank' },
] as const;

/** In order of their first runs; named by the run, or by what the runs have in common. */
export function groupRuns(runs: readonly RunReport[]): RunGroup[] {
  const groups = [...groupBy(runs, ({ config }) => canonicalJson(systemConfig(config))).values()];
  const wordsOf = (own: readonly RunReport[]) => systemWords(systemTraits(own[0].config));
  return groups.map((own) => {
    const words = wordsOf(own);
    const isTelling = groups.filter((other) => wordsOf(other) === words).length === 1;
    const more = own.length - 1;
    const name = more === 0 ? own[0].name : isTelling ? `${words} (${counted(own.length, 'run')})` : `${own[0].name} and ${more} more`;
    return { name, runs: own };
  });
}

/**
 * What training logged of every group, over epochs: of one run its curve, of several the mean over the runs at each epoch that all of them
 * have, and the single runs faint behind it. Accuracies of labelled runs only; charts in which fewer than two runs have points are left out.
 */
export function runCurves(groups: readonly RunGroup[]): RunCurves[] {
  return charts.flatMap(({ title, kind, key }) => {
    const isPercent = /Accuracy$/.test(key);
    const pointsOf = ({ log, hasLabels }: RunReport): Point[] => {
      if (isPercent && !hasLabels) return [];
      const records: readonly Record<string, unknown>[] = kind === 'epoch' ? log.epochs : log.monitors;
      return records.flatMap((record): Point[] => {
        const value = record[key];
        return typeof value === 'number' || value === null ? [[Number(record.epoch), value]] : [];
      });
    };
    const curves = groups.map(({ runs }) => runs.map(pointsOf).filter((points) => points.some(([, value]) => value !== null)));
    if (curves.flat().length < 2) return [];
    const series = groups.flatMap(({ name }, i): LineSeries[] => {
      const own = curves[i];
      const look = { colour: i % 7, isDashed: i >= 7 };
      if (own.length < 2) return own.map((points) => ({ name, ...look, points: thin(points) }));
      const faint = own.map((points) => ({ name, ...look, isFaint: true, points: thin(points) }));
      return [...faint, { name, ...look, points: thin(meanCurve(own)) }];
    });
    return [{ title, isPercent, series }];
  });
}

/** The mean at each x at which every curve has a value. */
export function meanCurve(curves: readonly (readonly Point[])[]): Point[] {
  const [first, ...others] = curves.map((points) => new Map(points));
  return [...first].flatMap(([x, value]): Point[] => {
    const values = [value, ...others.map((other) => other.get(x))];
    const known = values.filter((one) => one !== null && one !== undefined);
    return known.length < values.length ? [] : [[x, known.reduce((sum, one) => sum + one, 0) / known.length]];
  });
}
