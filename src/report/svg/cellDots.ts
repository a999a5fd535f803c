import { type Child, h, type Markup } from '../markup.js';
import { cellScale } from './cellScale.js';

export interface MeasuredValue {
  value: number | null;
  /** 95 %. */
  interval: readonly [number, number] | null;
}

const middle = 11;

/** A difference with its interval on an axis around 0, for a table cell. */
export function differenceDot({
  label,
  value,
  interval,
  domain,
}: { label: string; domain: readonly [number, number] } & MeasuredValue): Markup {
  const x = cellScale(domain);
  return cellPlot(
    label,
    h('line', { class: 'axis zero', x1: x(0), x2: x(0), y1: 0, y2: 2 * middle }),
    interval !== null && cellWhisker(x(interval[0]), x(interval[1]), middle),
    value !== null && h('circle', { class: 'marker fill-0', cx: x(value), cy: middle, r: 4 }),
  );
}

/** A value with its interval on any axis, beside a paper's value as a ring; for a table cell. */
export function intervalDot({
  label,
  value,
  interval,
  published,
  reference,
  domain = [0, 1],
  colour = 0,
}: {
  label: string;
  published?: number;
  reference?: number;
  domain?: readonly [number, number];
  colour?: number;
} & MeasuredValue): Markup {
  const x = cellScale(domain);
  return cellPlot(
    label,
    [0, 0.25, 0.5, 0.75, 1].map((share) => {
      const tick = domain[0] + share * (domain[1] - domain[0]);
      return h('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: 0, y2: 2 * middle });
    }),
    reference !== undefined && h('line', { class: 'reference', x1: x(reference), x2: x(reference), y1: 0, y2: 2 * middle }),
    interval !== null && cellWhisker(x(interval[0]), x(interval[1]), middle),
    value !== null && h('circle', { class: `marker fill-${colour}`, cx: x(value), cy: middle, r: 4 }),
    published !== undefined &&
      h('circle', { class: 'marker hollow published-mark', cx: x(published), cy: middle, r: 5 }, h('title', {}, 'published')),
  );
}

/** A picture as wide as its cell, with a name for those who do not see it. */
function cellPlot(label: string, ...children: Child[]): Markup {
  const attributes = { class: 'cell-plot', height: 2 * middle, width: '100%', role: 'img', 'aria-label': label };
  return h('svg', attributes, h('title', {}, label), ...children);
}

/** A horizontal line with caps, between two positions of a cell. */
export function cellWhisker(low: string, high: string, middle: number): Markup[] {
  return [
    h('line', { class: 'interval', x1: low, x2: high, y1: middle, y2: middle }),
    ...[low, high].map((end) => h('line', { class: 'interval', x1: end, x2: end, y1: middle - 3, y2: middle + 3 })),
  ];
}
