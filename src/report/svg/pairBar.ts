import { h, type Markup } from '../markup.js';
import { cellWhisker, type MeasuredValue } from './cellDots.js';
import { cellScale } from './cellScale.js';

const height = 32;

/**
 * Two bars from 0 to 1 for one class, the first filled and above, the second hollow and below, each with its 95 % interval; made for a table cell.
 */
export function pairBar({
  label,
  pair,
  reference,
}: {
  label: string;
  pair: readonly [MeasuredValue, MeasuredValue];
  reference?: number;
}): Markup {
  const x = cellScale([0, 1]);
  return h(
    'svg',
    { class: 'cell-plot', height, width: '100%', role: 'img', 'aria-label': label },
    h('title', {}, label),
    [0, 0.25, 0.5, 0.75, 1].map((tick) => h('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: 0, y2: height })),
    pair.map(({ value, interval }, i) => {
      const top = 4 + 13 * i;
      const middle = top + 5;
      return [
        value !== null &&
          h('rect', { class: i === 0 ? 'value tint-0' : 'value hollow-bar stroke-1', x: x(0), y: top, width: width(value), height: 10 }),
        value !== null && h('line', { class: `value-end stroke-${i}`, x1: x(value), x2: x(value), y1: top, y2: top + 10 }),
        interval !== null && cellWhisker(x(interval[0]), x(interval[1]), middle),
      ];
    }),
    reference !== undefined && h('line', { class: 'reference', x1: x(reference), x2: x(reference), y1: 0, y2: height }),
  );
}

/** The part of the axis that `cellScale` gives to 0 .. value. */
function width(value: number): string {
  return `${Math.round(9700 * Math.min(1, Math.max(0, value))) / 100}%`;
}
