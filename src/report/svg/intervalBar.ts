import { h, type Markup } from '../markup.js';
import { linearScale } from './scale.js';

/** Units of the drawing; it is stretched to the width of its table cell, strokes keep their width. */
export const barWidth = 200;
export const barHeight = 18;

/**
 * One bar from 0 to `value` with its interval as a line, on an axis from 0 to 1, made for a cell of a table:
 * the text beside it stays text, at any width. `reference` is a thin mark (chance).
 */
export function intervalBar({
  label,
  value,
  interval,
  reference,
  colour = 0,
}: {
  label: string;
  value: number | null;
  interval: readonly [number, number] | null;
  reference?: number;
  colour?: number;
}): Markup {
  const x = linearScale([0, 1], [0, barWidth]);
  const middle = barHeight / 2;
  return h(
    'svg',
    { class: 'bar', viewBox: `0 0 ${barWidth} ${barHeight}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    h('title', {}, label),
    [0, 0.25, 0.5, 0.75, 1].map((tick) => h('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: 0, y2: barHeight })),
    value !== null && h('rect', { class: `value tint-${colour}`, x: 0, y: 3, width: x(value), height: barHeight - 6 }),
    interval !== null && [
      h('line', { class: 'interval', x1: x(interval[0]), x2: x(interval[1]), y1: middle, y2: middle }),
      interval.map((end) => h('line', { class: 'interval', x1: x(end), x2: x(end), y1: middle - 3, y2: middle + 3 })),
    ],
    value !== null && h('line', { class: `value-end stroke-${colour}`, x1: x(value), x2: x(value), y1: 3, y2: barHeight - 3 }),
    reference !== undefined && h('line', { class: 'reference', x1: x(reference), x2: x(reference), y1: 0, y2: barHeight }),
  );
}

/** The axis over a column of such bars. */
export function barAxis(): Markup {
  return h('span', { class: 'bar-axis', 'aria-hidden': 'true' }, h('span', {}, '0'), h('span', {}, '50'), h('span', {}, '100 %'));
}
