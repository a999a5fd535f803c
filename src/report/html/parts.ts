import { type Child, h, type Markup } from '../markup.js';

/** A column of a table: its head, and whether its cells are numbers (right-aligned) or left out on a phone. */
export interface Column {
  head: Child;
  isNumber?: boolean;
  isWide?: boolean;
  isPlot?: boolean;
}

export interface Row {
  cells: readonly Child[];
  kind?: string;
}

/** A table that scrolls sideways inside the page when it must. The first cell of a row is its heading. */
export function table({
  caption,
  columns,
  rows,
  kind,
}: {
  caption: string;
  columns: readonly Column[];
  rows: readonly Row[];
  kind?: string;
}): Markup {
  const classOf = ({ isNumber, isWide, isPlot }: Column) =>
    [isNumber && 'n', isWide && 'wide', isPlot && 'plot'].filter((name) => name !== undefined && name !== false).join(' ') || undefined;
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h(
      'table',
      { class: kind },
      h('caption', {}, caption),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map((column) => h('th', { scope: 'col', class: classOf(column) }, column.head)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map(({ cells, kind: rowKind }) =>
          h(
            'tr',
            { class: rowKind },
            cells.map((cell, i) => (i === 0 ? h('th', { scope: 'row' }, cell) : h('td', { class: classOf(columns[i]) }, cell))),
          ),
        ),
      ),
    ),
  );
}

/** Names and values, one a line. Facts without a value are left out. */
export function facts(entries: readonly (readonly [string, Child])[]): Markup {
  return h(
    'dl',
    { class: 'facts' },
    entries.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  );
}

export function details(summary: string, ...children: Child[]): Markup {
  return h('details', {}, h('summary', {}, summary), ...children);
}

/** What is said where there is nothing to show. */
export function empty(...text: Child[]): Markup {
  return h('p', { class: 'soft' }, ...text);
}

/** A value with its interval in a softer tone. */
export function withInterval(value: string, interval: string): Child {
  return interval === '–' ? value : [value, ' ', h('span', { class: 'interval-text' }, `[${interval}]`)];
}

/** A name that may be broken after `_`, `/` and `-` where a column is narrow. */
export function breakable(name: string): Child {
  return name.split(/(?<=[_/-])/).map((part, i) => (i === 0 ? part : [h('wbr'), part]));
}
