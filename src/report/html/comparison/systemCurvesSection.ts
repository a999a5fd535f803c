import { number, percent } from '../../format.js';
import { type Child, h } from '../../markup.js';
import { type SystemCurve, type SystemSeries, xText } from '../../systemCurve.js';
import { chartFigure, seriesLook } from '../charts.js';
import { details, table } from '../parts.js';

/** Charts of a key in which the systems differ, with the published numbers dashed and hollow; undefined without any. */
export function systemCurvesSection(curves: readonly SystemCurve[]): Child {
  if (curves.length === 0) return undefined;
  const notes = [...new Set(curves.flatMap((curve) => curve.notes))];
  const published = [...new Set(curves.map(({ publishedNote }) => publishedNote))].filter((note) => note !== '');
  return [
    h('p', { class: 'finding' }, curves.length > 1 && h('em', {}, curves[0].title, '. '), curvesFinding(curves[0])),
    h(
      'p',
      {},
      `Filled marks with whiskers are your runs, with 95 % intervals over clips and seeds${published.length > 0 ? '; dashed lines with hollow marks are published numbers' : ''}.`,
      curves.some(({ isOtherData }) => isOtherData) &&
        ' The published numbers are of FSDnoisy18k, your runs are of other data: compare the shapes of the curves, not their heights.',
    ),
    h('div', { class: 'charts large' }, curves.map(curveChart)),
    published.map((note) => h('p', { class: 'published' }, note)),
    notes.length > 0 &&
      h(
        'ul',
        { class: 'soft' },
        notes.map((note) => h('li', {}, note)),
      ),
    details('Numbers of these curves', curves.map(numbersTable)),
  ];
}

/** One sentence about the first chart: where its measured curves are highest, and what that does not mean. */
export function curvesFinding(curve: SystemCurve): string {
  const { series, isPercent, xLabel } = curve;
  const key = xLabel.split(' (')[0];
  const text = (value: number) => (isPercent ? percent(value) : number(value));
  const parts = series.flatMap(({ name, points, isPublished }) => {
    if (isPublished || points.length < 2) return [];
    const best = points.reduce((a, b) => (b.y > a.y ? b : a));
    const worst = points.reduce((a, b) => (b.y < a.y ? b : a));
    return [
      `${name === 'measured' ? '' : `${name}: `}highest at ${key} ${xText(curve, best.x)} (${text(best.y)}), lowest at ${xText(curve, worst.x)} (${text(worst.y)})`,
    ];
  });
  const sentence = parts.join('; ');
  return `${sentence[0]?.toUpperCase() ?? ''}${sentence.slice(1)}. Whether that is more than chance is said under “Differences”; a value must be chosen on validation clips, not from this chart.`;
}

function curveChart(curve: SystemCurve): Child {
  return chartFigure({
    title: curve.title,
    xLabel: curve.xLabel,
    yLabel: curve.yLabel,
    isPercent: curve.isPercent,
    xTicks: curve.xTicks,
    width: 440,
    height: 260,
    series: curve.series.map((one, i) => ({
      name: one.name,
      ...seriesLook(lookOf(curve.series, i)),
      isPublished: one.isPublished,
      points: one.points.map(({ x, y }): [number, number] => [x, y]),
      intervals: one.isPublished
        ? undefined
        : one.points.flatMap(({ x, interval }): [number, number, number][] => (interval === null ? [] : [[x, ...interval]])),
    })),
  });
}

/** A published series looks like the measured one that it belongs to, by order: first to first. */
function lookOf(series: readonly SystemSeries[], i: number): number {
  const numMeasured = series.filter(({ isPublished }) => !isPublished).length;
  if (!series[i].isPublished) return i;
  const place = series.slice(0, i).filter(({ isPublished }) => isPublished).length;
  // A single published line beside several measured ones belongs to none of them.
  const isPaired = series.length - numMeasured === numMeasured;
  return isPaired ? place : numMeasured + place;
}

function numbersTable(curve: SystemCurve): Child {
  const text = (value: number) => (curve.isPercent ? percent(value) : number(value));
  return table({
    kind: 'narrow',
    caption: curve.title,
    columns: [
      { head: 'Series' },
      { head: curve.xLabel, isNumber: true },
      { head: curve.yLabel, isNumber: true },
      { head: '95 % interval', isNumber: true },
    ],
    rows: curve.series.flatMap((one) =>
      one.points.map(({ x, y, interval }) => ({
        cells: [one.name, xText(curve, x), text(y), interval === null ? '–' : `${text(interval[0])} – ${text(interval[1])}`],
      })),
    ),
  });
}
