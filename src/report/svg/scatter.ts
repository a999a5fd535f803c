import { h, type Markup } from '../markup.js';
import { linearScale, niceTicks, tickTexts } from './scale.js';
import { type Shape, shapeMark, shapes } from './shapeMark.js';

export interface ScatterPoint {
  x: number;
  y: number;
  /** Index of the class: gives colour and shape. */
  group: number;
  /** Hollow: predicted as another class. */
  isHollow?: boolean;
  title: string;
}

const numColours = 7;

/** Colour and shape of a class: 7 colours that colour-blind readers tell apart, times 4 shapes; 28 classes differ. */
export function markerOf(group: number): { colour: number; shape: Shape } {
  return { colour: group % numColours, shape: shapes[Math.floor(group / numColours) % shapes.length] };
}

/** A marker of a class, centred on (x, y). */
export function marker(
  { x, y, group, isHollow = false, size = 4 }: { x: number; y: number; group: number; isHollow?: boolean; size?: number },
  title?: string,
): Markup {
  return shapeMark({ x, y, ...markerOf(group), isHollow, size }, title);
}

/** The coordinate system: the same scale on both axes, since distances are what a map is for. Exported for tests. */
export function scatterFrame(
  points: readonly { x: number; y: number }[],
  { width = 640, height = 460 }: { width?: number; height?: number } = {},
) {
  const area = { left: 46, right: width - 12, top: 12, bottom: height - 40 };
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const middle = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  const perUnit =
    0.94 *
    Math.min(
      (area.right - area.left) / Math.max(Math.max(...xs) - Math.min(...xs), 1e-9),
      (area.bottom - area.top) / Math.max(Math.max(...ys) - Math.min(...ys), 1e-9),
    );
  const halfX = (area.right - area.left) / 2 / perUnit;
  const halfY = (area.bottom - area.top) / 2 / perUnit;
  const xDomain: [number, number] = [middle[0] - halfX, middle[0] + halfX];
  const yDomain: [number, number] = [middle[1] - halfY, middle[1] + halfY];
  return { ...area, xDomain, yDomain, x: linearScale(xDomain, [area.left, area.right]), y: linearScale(yDomain, [area.bottom, area.top]) };
}

/** Points in the plane. */
export function scatter({
  title,
  points,
  xLabel,
  yLabel,
  classNames,
  width = 640,
  height = 460,
}: {
  title: string;
  points: readonly ScatterPoint[];
  xLabel: string;
  yLabel: string;
  /** Each name stands at the middle of its class. */
  classNames?: readonly string[];
  width?: number;
  height?: number;
}): Markup {
  const frame = scatterFrame(points, { width, height });
  const { left, right, top, bottom, x, y } = frame;
  const inside = ([low, high]: [number, number]) => niceTicks(low, high, 6).filter((tick) => tick >= low && tick <= high);
  const xTicks = inside(frame.xDomain);
  const yTicks = inside(frame.yDomain);
  const xTexts = tickTexts(xTicks);
  const yTexts = tickTexts(yTicks);
  return h(
    'svg',
    { class: 'chart map', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title },
    h('title', {}, title),
    xTicks.map((tick, i) => [
      h('line', { class: 'grid', x1: x(tick), x2: x(tick), y1: top, y2: bottom }),
      h('text', { class: 'tick', x: x(tick), y: bottom + 16, 'text-anchor': 'middle' }, xTexts[i]),
    ]),
    yTicks.map((tick, i) => [
      h('line', { class: 'grid', x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      h('text', { class: 'tick', x: left - 6, y: y(tick) + 4, 'text-anchor': 'end' }, yTexts[i]),
    ]),
    h('text', { class: 'label', x: (left + right) / 2, y: height - 6, 'text-anchor': 'middle' }, xLabel),
    h('text', { class: 'label', transform: `translate(12 ${round((top + bottom) / 2)}) rotate(-90)`, 'text-anchor': 'middle' }, yLabel),
    points.map((point) => marker({ ...point, x: x(point.x), y: y(point.y) }, point.title)),
    classNames !== undefined &&
      placeLabels(points, classNames, frame).map(({ x: at, y: on, label }) =>
        h('text', { class: 'class-label', x: at, y: on, 'text-anchor': 'middle' }, label),
      ),
  );
}

/** Names beside the medians of their classes, moved up or down until none lies on another. Exported for tests. */
export function placeLabels(
  points: readonly ScatterPoint[],
  classNames: readonly string[],
  { x, y, left, right, top, bottom }: Pick<ReturnType<typeof scatterFrame>, 'x' | 'y' | 'left' | 'right' | 'top' | 'bottom'>,
): { label: string; x: number; y: number }[] {
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const placed: { label: string; x: number; y: number; half: number }[] = [];
  classNames.forEach((name, group) => {
    const own = points.filter((point) => point.group === group);
    if (own.length === 0) return;
    const label = name.length > 24 ? `${name.slice(0, 23)}…` : name;
    const half = labelWidth * label.length;
    const at = Math.min(right - half, Math.max(left + half, x(median(own.map((point) => point.x)))));
    const on = y(median(own.map((point) => point.y)));
    const isFree = (height: number) =>
      height > top + labelHeight &&
      height < bottom &&
      !placed.some((other) => Math.abs(other.x - at) < other.half + half && Math.abs(other.y - height) < labelHeight);
    const shifts = Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? -1 : 1) * Math.ceil(i / 2) * 4);
    placed.push({ label, x: at, y: on + (shifts.find((shift) => isFree(on + shift)) ?? 0), half });
  });
  return placed.map(({ half: _half, ...label }) => label);
}

/** Half the width of a character, and the height of a line, in units of the drawing, as large as names are on a phone. */
const labelWidth = 4.7;
const labelHeight = 17;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
