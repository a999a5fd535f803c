import type { TransferRecord } from '../../run/transferRecord.js';
import { type Child, h } from '../markup.js';
import { againstText, correlationLines, protocolText, transferHow, transferIntervals, transferRows } from '../transferRows.js';
import { breakable, table, withInterval } from './parts.js';

/** How well the encoders tell the classes of sounds apart that they were not trained on, a table a data set; undefined without any. */
export function transferSection(records: readonly TransferRecord[]): Child {
  if (records.length === 0) return undefined;
  return [h('p', {}, transferIntervals), records.map((record) => oneSet(record, records.length > 1))];
}

function oneSet(record: TransferRecord, isOneOfSeveral: boolean): Child {
  const { head, rows } = transferRows(record);
  return [
    isOneOfSeveral && h('h3', {}, record.data.name),
    h('p', {}, `${isOneOfSeveral ? '' : `${record.data.name}: `}${transferHow(record)}.`),
    table({
      caption: `Accuracy on ${record.data.name}, by classifiers on frozen features`,
      columns: [{ head: 'System' }, ...head.map((name) => ({ head: name, isNumber: true }))],
      rows: rows.map(({ name, kind, cells }) => ({
        kind: kind === 'encoder' ? undefined : 'baseline',
        cells: [name, ...cells.map(({ value, interval }) => withInterval(value, interval))],
      })),
    }),
    record.comparisons.length > 0 &&
      table({
        caption: `Better than no training, on ${record.data.name}: yes where every interval of the paired differences lies above 0, no where one lies below`,
        columns: [{ head: 'Encoder' }, { head: 'Protocol', isWide: true }, { head: 'Better' }, { head: 'Difference in points' }],
        rows: record.comparisons.map((comparison) => ({
          cells: [
            [breakable(comparison.system), h('span', { class: 'phone' }, protocolText(comparison))],
            protocolText(comparison),
            h('strong', {}, comparison.better),
            againstText(comparison),
          ],
        })),
      }),
    h(
      'ul',
      {},
      [...correlationLines(record), ...record.notes].map((note) => h('li', {}, note)),
    ),
  ];
}
