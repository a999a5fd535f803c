import { counted, percent } from '../format.js';
import { h, type Markup } from '../markup.js';
import { linearScale } from './scale.js';

export interface ReliabilityBin {
  low: number;
  high: number;
  numClips: number;
  /** null in an empty bin. */
  meanConfidence: number | null;
  accuracy: number | null;
}

const size = { width: 320, height: 350 };

/** Where the diagram puts confidence (x), accuracy (y), and the strip of counts under it. Exported for tests. */
export function reliabilityFrame(bins: readonly Pick<ReliabilityBin, 'numClips'>[]) {
  const area = { left: 48, right: 308, top: 20, bottom: 240 };
  const strip = { top: 252, bottom: 302 };
  return {
    ...area,
    strip,
    x: linearScale([0, 1], [area.left, area.right]),
    y: linearScale([0, 1], [area.bottom, area.top]),
    count: linearScale([0, Math.max(1, ...bins.map(({ numClips }) => numClips))], [0, strip.bottom - strip.top]),
  };
}

/**
 * Accuracy against confidence: a bar for each bin's accuracy, a mark at its mean confidence, the diagonal where both are equal, and
 * underneath how many clips each bin holds. Bars below the diagonal: too sure of itself.
 */
export function reliabilityDiagram({ title, bins }: { title: string; bins: readonly ReliabilityBin[] }): Markup {
  const { left, right, bottom, strip, x, y, count } = reliabilityFrame(bins);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return h(
    'svg',
    { class: 'chart reliability', viewBox: `0 0 ${size.width} ${size.height}`, role: 'img', 'aria-label': title },
    h('title', {}, title),
    ticks.map((tick) => [
      h('line', { class: tick === 0 ? 'axis' : 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      h('text', { class: 'tick', x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, `${100 * tick} %`),
      h('text', { class: 'tick', x: x(tick), y: strip.bottom + 16, 'text-anchor': 'middle' }, `${100 * tick} %`),
    ]),
    h('text', { class: 'label', x: 0, y: 10 }, 'accuracy'),
    h(
      'text',
      { class: 'label', x: (left + right) / 2, y: strip.bottom + 36, 'text-anchor': 'middle' },
      'confidence (highest probability of a clip)',
    ),
    h('text', { class: 'label', x: left - 6, y: strip.bottom, 'text-anchor': 'end' }, 'clips'),
    h('line', { class: 'axis', x1: left, x2: right, y1: strip.bottom, y2: strip.bottom }),
    bins.map((bin) => {
      const text = `confidence ${percent(bin.low)} to ${percent(bin.high)}: ${counted(bin.numClips, 'clip')}, accuracy ${percent(bin.accuracy)}, mean confidence ${percent(bin.meanConfidence)}`;
      const width = x(bin.high) - x(bin.low) - 2;
      return h(
        'g',
        {},
        h('title', {}, text),
        bin.accuracy !== null && [
          h('rect', { class: 'value tint-0', x: x(bin.low) + 1, y: y(bin.accuracy), width, height: bottom - y(bin.accuracy) }),
          h('line', { class: 'value-end stroke-0', x1: x(bin.low) + 1, x2: x(bin.high) - 1, y1: y(bin.accuracy), y2: y(bin.accuracy) }),
        ],
        bin.numClips > 0 &&
          h('rect', {
            class: 'value tint-6',
            x: x(bin.low) + 1,
            y: strip.bottom - count(bin.numClips),
            width,
            height: count(bin.numClips),
          }),
      );
    }),
    h('line', { class: 'reference', x1: x(0), x2: x(1), y1: y(0), y2: y(1) }),
    bins.map(
      ({ accuracy, meanConfidence }) =>
        accuracy !== null &&
        meanConfidence !== null &&
        h('circle', { class: 'marker fill-1', cx: x(meanConfidence), cy: y(accuracy), r: 3.4 }),
    ),
  );
}
