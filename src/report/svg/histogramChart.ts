import { h, type Markup, svgNumber } from '../markup.js';
import { linearScale, niceTicks, tickTexts } from './scale.js';

export interface HistogramSeries {
  name: string;
  colour: number;
  /** Outline only, dashed: what the filled one is compared with. */
  isDashed?: boolean;
  low: number;
  high: number;
  counts: readonly number[];
  numPairs: number;
  mean: number;
}

const size = { width: 300, height: 200 };
const area = { left: 48, right: 288, top: 22, bottom: 162 };

/** Axes that hold every bin with a count, in the unit of the data and as shares of the pairs. Exported for tests. */
export function histogramFrame(series: readonly HistogramSeries[]) {
  const ends = series.flatMap(({ low, high, counts }) => {
    const width = (high - low) / counts.length;
    return counts.flatMap((count, i) => (count > 0 ? [low + i * width, low + (i + 1) * width] : []));
  });
  const shares = series.flatMap(({ counts, numPairs }) => counts.map((count) => count / Math.max(1, numPairs)));
  const xDomain: [number, number] = [Math.min(...ends), Math.max(...ends)];
  const yTicks = niceTicks(0, Math.max(...shares), 4);
  return {
    ...area,
    xDomain,
    yTicks,
    x: linearScale(xDomain, [area.left, area.right]),
    y: linearScale([0, yTicks[yTicks.length - 1]], [area.bottom, area.top]),
  };
}

/** Histograms laid over each other, as shares of their pairs; a vertical line at each mean. */
export function histogramChart({ title, xLabel, series }: { title: string; xLabel: string; series: readonly HistogramSeries[] }): Markup {
  const { left, right, bottom, top, x, y, xDomain, yTicks } = histogramFrame(series);
  const xTicks = niceTicks(...xDomain, 6).filter((tick) => tick >= xDomain[0] && tick <= xDomain[1]);
  const xTexts = tickTexts(xTicks);
  const yTexts = tickTexts(yTicks, { isPercent: true });
  return h(
    'svg',
    { class: 'chart', viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', 'aria-label': title },
    h('title', {}, title),
    h('text', { class: 'label', x: 0, y: 10 }, 'share of pairs'),
    yTicks.map((tick, i) => [
      h('line', { class: i === 0 ? 'axis' : 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      h('text', { class: 'tick', x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, yTexts[i]),
    ]),
    xTicks.map((tick, i) => [
      h('line', { class: 'axis', x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4 }),
      h('text', { class: 'tick', x: x(tick), y: bottom + 17, 'text-anchor': 'middle' }, xTexts[i]),
    ]),
    h('text', { class: 'label', x: (left + right) / 2, y: size.height - 4, 'text-anchor': 'middle' }, xLabel),
    series.map((one) => [
      h('path', {
        class: one.isDashed ? `curve stroke-${one.colour} published` : `tint-${one.colour} stroke-${one.colour} outline`,
        d: outline(one, x, y),
      }),
      h(
        'line',
        {
          class: `stroke-${one.colour} mean-line${one.isDashed ? ' published' : ''}`,
          x1: x(one.mean),
          x2: x(one.mean),
          y1: top,
          y2: bottom,
        },
        h('title', {}, `mean of ${one.name}`),
      ),
    ]),
  );
}

/** Steps over the bins between the first and the last that hold a pair. */
function outline({ low, high, counts, numPairs }: HistogramSeries, x: (value: number) => number, y: (value: number) => number): string {
  const width = (high - low) / counts.length;
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return '';
  const last = counts.reduce((latest, count, i) => (count > 0 ? i : latest), first);
  let path = `M${svgNumber(x(low + first * width))} ${svgNumber(y(0))}`;
  for (let i = first; i <= last; i++) path += `V${svgNumber(y(counts[i] / numPairs))}H${svgNumber(x(low + (i + 1) * width))}`;
  return `${path}V${svgNumber(y(0))}`;
}
