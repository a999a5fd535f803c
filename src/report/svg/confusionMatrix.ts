import { h, type Markup } from '../markup.js';

const cell = 30;
const gap = 2;
const characterWidth = 6.6;
const longestLabel = 24;
const corner = 'true \\ predicted';

/** Where cell [row, column] of the matrix starts. Exported for tests. */
export function confusionFrame(classNames: readonly string[]) {
  const longest = Math.min(longestLabel, Math.max(...classNames.map((label) => [...label].length)));
  // The words of the corner fit, however short the names of the classes are.
  const left = Math.max(26 + longest * characterWidth, 14 + corner.length * characterWidth * 0.9);
  const top = 26 + longest * characterWidth * 0.75;
  return {
    left,
    top,
    cell,
    // Slanted names of the last columns reach beyond the cells.
    width: left + classNames.length * cell + 0.6 * longest * characterWidth,
    height: top + classNames.length * cell + 4,
    x: (column: number) => left + column * cell,
    y: (row: number) => top + row * cell,
  };
}

/** Clips by true class (rows) and predicted class (columns); the shade is the share of the row, so that small classes can be read as well. */
export function confusionMatrix({
  title,
  classNames,
  counts,
}: {
  title: string;
  classNames: readonly string[];
  counts: readonly (readonly number[])[];
}): Markup {
  const frame = confusionFrame(classNames);
  const { left, top, width, height, x, y } = frame;
  return h(
    'svg',
    {
      class: 'chart confusion',
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      // Ten classes fit a phone's width, at three quarters of their size; more scroll.
      style: `min-width:${Math.ceil(Math.min(0.72 * width, 700))}px;max-width:${Math.ceil(width)}px`,
      role: 'img',
      'aria-label': title,
    },
    h('title', {}, title),
    h('text', { class: 'label', x: left - 8, y: top - 10, 'text-anchor': 'end' }, corner),
    classNames.map((label, i) => [
      h('text', { class: 'tick', x: left - 8, y: y(i) + cell / 2 + 4, 'text-anchor': 'end' }, cut(label), h('title', {}, label)),
      h(
        'text',
        { class: 'tick', transform: `translate(${x(i) + cell / 2 - 2} ${top - 8}) rotate(-45)` },
        cut(label),
        h('title', {}, label),
      ),
    ]),
    counts.map((row, i) => {
      const total = row.reduce((sum, n) => sum + n, 0);
      return row.map((n, j) => {
        const share = total === 0 ? 0 : n / total;
        return h(
          'g',
          {},
          h('title', {}, `${classNames[i]} predicted as ${classNames[j]}: ${n} of ${total}`),
          h('rect', {
            class: i === j ? 'cell diagonal' : 'cell',
            x: x(j) + gap / 2,
            y: y(i) + gap / 2,
            width: cell - gap,
            height: cell - gap,
            rx: 2,
          }),
          n > 0 &&
            h('rect', {
              class: i === j ? 'shade right' : 'shade wrong',
              x: x(j) + gap / 2,
              y: y(i) + gap / 2,
              width: cell - gap,
              height: cell - gap,
              rx: 2,
              'fill-opacity': 0.12 + 0.88 * share,
            }),
          n > 0 &&
            h(
              'text',
              { class: share > 0.5 ? 'count on-dark' : 'count', x: x(j) + cell / 2, y: y(i) + cell / 2 + 4, 'text-anchor': 'middle' },
              String(n),
            ),
        );
      });
    }),
  );
}

function cut(label: string): string {
  const characters = [...label];
  return characters.length <= longestLabel ? label : `${characters.slice(0, longestLabel - 1).join('')}…`;
}
