import { h, type Markup } from '../markup.js';

export const shapes = ['circle', 'square', 'triangle', 'diamond'] as const;
export type Shape = (typeof shapes)[number];

/** Corners in units of `size` around the centre. */
const corners: Record<'triangle' | 'diamond', readonly (readonly [number, number])[]> = {
  triangle: [
    [0, -1.2],
    [1.1, 0.8],
    [-1.1, 0.8],
  ],
  diamond: [
    [0, -1.3],
    [1.3, 0],
    [0, 1.3],
    [-1.3, 0],
  ],
};

/** A small shape centred on (x, y), filled or hollow; the four shapes cover about the same area. */
export function shapeMark(
  {
    x,
    y,
    colour,
    shape,
    isHollow = false,
    size = 4,
  }: { x: number; y: number; colour: number; shape: Shape; isHollow?: boolean; size?: number },
  title?: string,
): Markup {
  const style = { class: `marker ${isHollow ? `hollow stroke-${colour}` : `fill-${colour}`}` };
  const inside = title === undefined ? undefined : h('title', {}, title);
  if (shape === 'circle') return h('circle', { ...style, cx: x, cy: y, r: size }, inside);
  if (shape === 'square')
    return h('rect', { ...style, x: x - 0.9 * size, y: y - 0.9 * size, width: 1.8 * size, height: 1.8 * size }, inside);
  const points = corners[shape].map(([dx, dy]) => `${round(x + dx * size)},${round(y + dy * size)}`).join(' ');
  return h('polygon', { ...style, points }, inside);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
