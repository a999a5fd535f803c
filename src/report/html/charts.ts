import { type Child, h, type Markup } from '../markup.js';
import { type LineChartOptions, type LineSeries, lineChart } from '../svg/lineChart.js';
import { type Shape, shapeMark, shapes } from '../svg/shapeMark.js';

/** A chart under its title, with a legend that shows lines and marks as they are drawn. Nothing where there is no point. */
export function chartFigure(options: LineChartOptions & { note?: Child }): Markup | undefined {
  const chart = lineChart(options);
  if (chart === undefined) return undefined;
  return h(
    'figure',
    {},
    h('figcaption', {}, options.title),
    chart,
    seriesLegend(options.series),
    options.note !== undefined && h('p', { class: 'soft note' }, options.note),
  );
}

function seriesLegend(series: readonly LineSeries[]): Markup {
  return h(
    'ul',
    { class: 'legend' },
    series
      .filter(({ isFaint }) => isFaint !== true)
      .map(({ name, colour, shape, isDashed = false, isPublished = false, isScattered = false }) =>
        h(
          'li',
          {},
          h(
            'svg',
            { class: 'line-sample', viewBox: '0 0 34 14', 'aria-hidden': 'true' },
            !isScattered &&
              h('path', { class: `curve stroke-${colour}${isPublished ? ' published' : ''}${isDashed ? ' dashed' : ''}`, d: 'M1 7H33' }),
            shape !== undefined && shapeMark({ x: 17, y: 7, colour, shape, isHollow: isPublished || isScattered }),
          ),
          name,
        ),
      ),
  );
}

/** Colour and shape of the i-th series: neighbours differ in both. */
export function seriesLook(i: number): { colour: number; shape: Shape } {
  return { colour: i % 7, shape: shapes[i % shapes.length] };
}
