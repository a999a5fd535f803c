import type { ComparisonReport } from '../../comparisonReport.js';
import { points, pointsInterval } from '../../differenceText.js';
import { percent, percentInterval } from '../../format.js';
import { type Child, h } from '../../markup.js';
import type { PaperRow } from '../../paperTables.js';
import { isPaperData } from '../../published/isPaperData.js';
import { publishedInterval } from '../../published/publishedAccuracy.js';
import { table } from '../parts.js';

/** Tables 1 and 2 of the paper with the user's own runs, published numbers beside; undefined where no run belongs in them. */
export function paperTablesSection({ table1, table2, rows }: ComparisonReport): Child {
  if (table1 === undefined && table2 === undefined) return undefined;
  const isOtherData = !isPaperData(rows[0].system);
  const published = [...(table1 ?? []).flatMap(({ base, margin }) => [base, margin]), ...(table2 ?? [])].map((row) => row.published);
  const notes = [...new Set(published.map(({ source, note }) => `${source}: ${note}`))];
  return [
    h('p', { class: 'finding' }, paperFinding([...(table1 ?? []).flatMap(({ base, margin }) => [base, margin]), ...(table2 ?? [])])),
    h(
      'p',
      {},
      'Accuracy is micro accuracy, the share of clips that are right. Measured: mean over seeds ± standard deviation, with the 95 % interval over clips and seeds. Published, in italics: one seed on the 947 test clips of FSDnoisy18k, with the interval of the clips alone.',
      isOtherData && ' Your runs are of other data: only the differences within a column can be compared, not the columns with each other.',
    ),
    table1 !== undefined &&
      table({
        kind: 'results',
        caption: 'Table 1 of the paper: supervised training without and with the margin, on four subsets',
        columns: [
          { head: 'Subset' },
          { head: 'Cross entropy', isNumber: true },
          { head: 'With the margin', isNumber: true },
          { head: 'Difference', isNumber: true },
          { head: 'Published', isNumber: true },
          { head: 'Published, margin', isNumber: true },
          { head: 'Difference', isNumber: true, isWide: true },
        ],
        rows: table1.map(({ subset, base, margin, difference }) => ({
          cells: [
            subset,
            measured(base),
            measured(margin),
            difference === undefined
              ? '–'
              : [points(difference.estimate), ' ', h('span', { class: 'interval-text' }, `[${pointsInterval(difference)}]`)],
            publishedCell(base),
            publishedCell(margin),
            h('span', { class: 'published' }, points((margin.published.percent - base.published.percent) / 100)),
          ],
        })),
      }),
    table2 !== undefined &&
      table({
        kind: 'results',
        caption: 'Table 2 of the paper: supervised training against self-supervised training with a linear classifier',
        columns: [{ head: 'System' }, { head: 'Measured', isNumber: true }, { head: 'Your system' }, { head: 'Published', isNumber: true }],
        rows: table2.map((row) => ({
          cells: [
            row.name,
            row.row === undefined ? '–' : measured(row),
            row.row?.system.name ?? h('span', { class: 'soft' }, row.note),
            publishedCell(row),
          ],
        })),
      }),
    h(
      'ul',
      { class: 'soft' },
      [...choiceNotes([...(table1 ?? []).flatMap(({ base, margin }) => [base, margin]), ...(table2 ?? [])]), ...notes].map((note) =>
        h('li', {}, note),
      ),
    ),
  ];
}

export function paperFinding(rows: readonly PaperRow[]): string {
  const there = rows.filter(({ row }) => row !== undefined).length;
  if (there === rows.length) return `All ${rows.length} entries of these tables have runs of yours.`;
  return `${there} of the ${rows.length} entries of these tables have runs of yours; the others stand with what would have to be run.`;
}

function choiceNotes(rows: readonly PaperRow[]): string[] {
  return [...new Set(rows.flatMap(({ row, note }) => (row === undefined || note === '' ? [] : [note])))];
}

function measured({ row, note }: PaperRow): Child {
  if (row === undefined) return h('span', { class: 'soft note' }, note);
  const { estimate, low, high, seeds } = row.micro;
  const spread = seeds.standardDeviation === null ? '' : ` ± ${(100 * seeds.standardDeviation).toFixed(1)}`;
  const alpha = row.system.traits.hasMargin ? h('span', { class: 'note' }, `alpha ${row.system.traits.alpha}`) : undefined;
  return [percent(estimate), spread, ' ', h('span', { class: 'interval-text' }, `[${percentInterval([low, high])}]`), alpha];
}

function publishedCell({ published }: PaperRow): Child {
  const [low, high] = publishedInterval(published.percent);
  return h(
    'span',
    { class: 'published' },
    percent(published.percent / 100),
    ' ',
    h('span', { class: 'interval-text' }, `[${percentInterval([low / 100, high / 100])}]`),
    published.alpha !== null && published.alpha < 1 && h('span', { class: 'note' }, `alpha ${published.alpha}`),
  );
}
