import type { RunReport } from '../collectRun.js';
import { integer, percent, percentInterval } from '../format.js';
import { type LabelCurve, type LabelPoint, labelCurves } from '../labelCurves.js';
import { type Child, h } from '../markup.js';
import { chartFigure, seriesLook } from './charts.js';
import { details, table } from './parts.js';

/** Accuracy against the amount of labels; undefined where the run has no such evaluations. */
export function labelsSection(run: RunReport): Child {
  const curves = labelCurves(run);
  if (curves.length === 0) return undefined;
  const fractions = curves.filter(({ kind }) => kind === 'labelFraction');
  const shots = curves.filter(({ kind }) => kind === 'shots');
  return [
    h('p', { class: 'finding' }, finding(curves[0])),
    h(
      'p',
      {},
      'Points are means over seeds, whiskers the 95 % intervals over clips, their ends averaged over the seeds. The horizontal axis is logarithmic.',
    ),
    h(
      'div',
      { class: 'charts' },
      fractions.length > 0 && curveChart('Macro accuracy against the share of labels', 'share of the training labels', fractions),
      shots.length > 0 && curveChart('Macro accuracy against clips a class', 'labelled training clips a class', shots),
    ),
    details(
      'Numbers of these curves',
      table({
        caption: 'Accuracy by amount of labels',
        columns: [
          { head: 'Protocol' },
          { head: 'Labels', isNumber: true },
          { head: 'Seeds', isNumber: true },
          { head: 'Micro', isNumber: true },
          { head: 'Macro', isNumber: true },
          { head: '95 % interval', isNumber: true },
          { head: 'Deviation over seeds', isNumber: true },
        ],
        rows: curves.flatMap((curve) =>
          curve.points.map((point) => ({
            cells: [
              curve.name,
              amountText(curve.kind, point.amount),
              integer(point.seeds.length),
              percent(point.clipMicroAccuracy),
              percent(point.clipMacroAccuracy),
              percentInterval(point.clipMacroAccuracyInterval),
              point.clipMacroAccuracyDeviation === null ? '–' : `± ${(100 * point.clipMacroAccuracyDeviation).toFixed(1)}`,
            ],
          })),
        ),
      }),
    ),
  ];
}

function curveChart(title: string, xLabel: string, curves: readonly LabelCurve[]): Child {
  const amounts = [...new Set(curves.flatMap(({ points }) => points.map(({ amount }) => amount)))].sort((a, b) => a - b);
  return chartFigure({
    title,
    xLabel,
    yLabel: 'macro accuracy',
    isPercent: true,
    xTicks: amounts.map((amount) => ({
      at: Math.log10(amount),
      text: curves[0].kind === 'shots' ? String(amount) : amountText('labelFraction', amount),
    })),
    series: curves.map(({ name, points }, i) => ({
      name,
      ...seriesLook(i),
      points: points.map(({ amount, clipMacroAccuracy }): [number, number] => [Math.log10(amount), clipMacroAccuracy]),
      intervals: points.flatMap(({ amount, clipMacroAccuracyInterval: interval }): [number, number, number][] =>
        interval === null ? [] : [[Math.log10(amount), ...interval]],
      ),
    })),
  });
}

/** What one may take from the first curve, in words. */
function finding({ name, kind, points }: LabelCurve): string {
  const [least, most] = [points[0], points[points.length - 1]];
  const at = (point: LabelPoint) =>
    `${percent(point.clipMacroAccuracy)} with ${kind === 'shots' ? amountText(kind, point.amount) : point.amount === 1 ? 'all labels' : `${amountText(kind, point.amount)} of the labels`}`;
  return `${name[0].toUpperCase()}${name.slice(1)}: macro accuracy is ${at(least)} and ${at(most)}.`;
}

function amountText(kind: LabelCurve['kind'], amount: number): string {
  return kind === 'shots' ? `${amount} a class` : `${Number((100 * amount).toPrecision(4))} %`;
}
