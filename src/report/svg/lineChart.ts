import { number } from '../format.js';
import { h, type Markup, svgNumber } from '../markup.js';
import { axisTicks, linearScale, niceTicks, tickTexts } from './scale.js';
import { type Shape, shapeMark } from './shapeMark.js';

export interface LineSeries {
  name: string;
  /** [x, y]; a y of null (not measured, not finite) leaves a gap. */
  points: readonly (readonly [number, number | null])[];
  /** Index of the palette: 0 .. 6. */
  colour: number;
  /** Single steps behind the means of epochs. */
  isFaint?: boolean;
  /** [x, low, high]: whiskers of 95 % intervals. */
  intervals?: readonly (readonly [number, number, number])[];
  /** Marks every point, so that series differ by more than their colour. */
  shape?: Shape;
  /** Marks without a line. */
  isScattered?: boolean;
  /** A second seven of series in the same colours. */
  isDashed?: boolean;
  /** Numbers of a paper, not of a run: dashed, with hollow marks. */
  isPublished?: boolean;
}

export interface LineChartOptions {
  title: string;
  xLabel: string;
  /** Stands over the vertical axis. */
  yLabel?: string;
  series: readonly LineSeries[];
  /** One point that stands out: the best checkpoint. */
  mark?: { x: number; y: number; label: string };
  isPercent?: boolean;
  /** Ticks of the horizontal axis where round numbers are not what was measured: amounts on a logarithmic axis. */
  xTicks?: readonly { at: number; text: string }[];
  width?: number;
  height?: number;
}

const margin = { top: 22, right: 12, bottom: 38 };
const characterWidth = 6.6;
/** Whiskers of several series at one x stand side by side, this far apart. */
const dodge = 3;

/** The coordinate system of a line chart; `undefined` without any point. Exported for tests. */
export function lineChartFrame({
  series,
  isPercent = false,
  xTicks: givenTicks,
  width = 300,
  height = 200,
}: Omit<LineChartOptions, 'title' | 'xLabel' | 'yLabel'>) {
  const points = series.flatMap((one) => one.points).filter((point): point is readonly [number, number] => point[1] !== null);
  if (points.length === 0) return undefined;
  const [xLow, xHigh] = extent(points.map((point) => point[0]));
  const ends = series.flatMap((one) => (one.intervals ?? []).flatMap(([, low, high]) => [low, high]));
  const [yLow, yHigh] = extent([...points.map((point) => point[1]), ...ends]);
  const yTicks = axisTicks(yLow, yHigh, { isPercent });
  const yTexts = tickTexts(yTicks, { isPercent });
  const left = 14 + characterWidth * Math.max(...yTexts.map((text) => text.length));
  const xTicks = givenTicks?.map(({ at }) => at) ?? niceTicks(xLow, xHigh, 6).filter((tick) => tick >= xLow && tick <= xHigh);
  return {
    left,
    right: width - margin.right,
    top: margin.top,
    bottom: height - margin.bottom,
    x: linearScale([xLow, xHigh], [left, width - margin.right]),
    y: linearScale([yTicks[0], yTicks[yTicks.length - 1]], [height - margin.bottom, margin.top]),
    xTicks,
    xTexts: givenTicks?.map(({ text }) => text) ?? tickTexts(xTicks),
    yTicks,
    yTexts,
  };
}

/** Curves over a common x. The caller says in words when there is nothing to draw: this returns undefined then. */
export function lineChart(options: LineChartOptions): Markup | undefined {
  const { title, xLabel, yLabel, series, mark, width = 300, height = 200 } = options;
  const frame = lineChartFrame(options);
  if (frame === undefined) return undefined;
  const { left, right, top, bottom, x, y } = frame;
  const isLow = mark !== undefined && y(mark.y) > (top + bottom) / 2;
  return h(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title },
    h('title', {}, title),
    frame.yTicks.map((tick, i) => [
      h('line', { class: i === 0 ? 'axis' : 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      h('text', { class: 'tick', x: left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, frame.yTexts[i]),
    ]),
    frame.xTicks.map((tick, i) => [
      h('line', { class: 'axis', x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4 }),
      h('text', { class: 'tick', x: x(tick), y: bottom + 17, 'text-anchor': 'middle' }, frame.xTexts[i]),
    ]),
    h('text', { class: 'label', x: (left + right) / 2, y: height - 4, 'text-anchor': 'middle' }, xLabel),
    yLabel !== undefined && h('text', { class: 'label', x: 0, y: 10 }, yLabel),
    series.map((one) => whiskers(one, besides(one, series, x), y)),
    series.map((one) => curve(one, besides(one, series, x), y)),
    mark && [
      h('circle', { class: 'mark', cx: x(mark.x), cy: y(mark.y), r: 4.5 }),
      h(
        'text',
        {
          class: 'mark-text',
          x: x(mark.x),
          // Away from the curve: a lowest point has it above itself.
          y: y(mark.y) + (isLow ? 18 : -9),
          'text-anchor': x(mark.x) > right - 14 ? 'end' : x(mark.x) < left + 14 ? 'start' : 'middle',
        },
        mark.label,
      ),
    ],
  );
}

/** Moves a series with whiskers a little, away from the others that have some. */
function besides(one: LineSeries, series: readonly LineSeries[], x: (value: number) => number): (value: number) => number {
  const withWhiskers = series.filter(({ intervals = [] }) => intervals.length > 0);
  const place = withWhiskers.indexOf(one);
  const offset = place < 0 ? 0 : dodge * (place - (withWhiskers.length - 1) / 2);
  return (value) => x(value) + offset;
}

/** A path with a piece for each unbroken stretch; a stretch of one point, or a short curve, shows its points. */
function curve(
  { points, colour, isFaint = false, shape, isPublished = false, isDashed = false, isScattered = false, name }: LineSeries,
  x: (value: number) => number,
  y: (value: number) => number,
): Markup[] {
  let path = '';
  let isDown = false;
  const dots: Markup[] = [];
  const isShort = points.length <= 16 && !isFaint;
  points.forEach(([px, py], i) => {
    if (py === null) {
      isDown = false;
      return;
    }
    path += `${isDown ? 'L' : 'M'}${svgNumber(x(px), name)} ${svgNumber(y(py), name)}`;
    const isAlone = !isDown && (points[i + 1]?.[1] ?? null) === null;
    if (shape !== undefined)
      dots.push(
        shapeMark(
          { x: x(px), y: y(py), colour, shape, isHollow: isPublished || isScattered, size: isScattered ? 2 : 3.6 },
          `${name}: ${number(px)}, ${number(py)}`,
        ),
      );
    else if (isShort || isAlone) dots.push(h('circle', { class: `dot fill-${colour}`, cx: x(px), cy: y(py), r: isShort ? 2.2 : 1.6 }));
    isDown = true;
  });
  if (isScattered) return dots;
  return [
    h('path', {
      class: `curve stroke-${colour}${isFaint ? ' faint' : ''}${isPublished ? ' published' : ''}${isDashed ? ' dashed' : ''}`,
      d: path,
    }),
    ...dots,
  ];
}

function whiskers({ intervals = [], colour }: LineSeries, x: (value: number) => number, y: (value: number) => number): Markup[] {
  return intervals.map(([at, low, high]) =>
    h('path', {
      class: `whisker stroke-${colour}`,
      d:
        [low, high].map((end) => `M${svgNumber(x(at) - 3)} ${svgNumber(y(end))}h6`).join('') +
        `M${svgNumber(x(at))} ${svgNumber(y(low))}V${svgNumber(y(high))}`,
    }),
  );
}

function extent(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
