import type { TransferRecord } from '../run/transferRecord.js';
import { markdownTable } from './markdownTable.js';
import { escapeMarkdown } from './markup.js';
import { againstText, correlationLines, protocolText, transferHow, transferIntervals, transferRows } from './transferRows.js';

/** Tables of every data set: systems, and whether each encoder is better than no training. */
export function transferMarkdown(records: readonly TransferRecord[], heading = '##'): string[] {
  if (records.length === 0) return [];
  return [...records.flatMap((record) => recordLines(record, heading)), transferIntervals, ''];
}

function recordLines(record: TransferRecord, heading: string): string[] {
  const { head, rows } = transferRows(record);
  const cells = rows.map(({ name, cells }) => [escapeMarkdown(name), ...cells.map(({ value, interval }) => `${value} [${interval}]`)]);
  const answers = record.comparisons.map((comparison) => [
    escapeMarkdown(comparison.system),
    protocolText(comparison),
    comparison.better,
    escapeMarkdown(againstText(comparison)),
  ]);
  return [
    `${heading} ${escapeMarkdown(record.data.name)}`,
    '',
    `${escapeMarkdown(transferHow(record))}.`,
    '',
    ...markdownTable(['System', ...head], 1, cells),
    '',
    ...(answers.length === 0
      ? []
      : [...markdownTable(['Encoder', 'Protocol', 'Better than no training', 'Difference in points'], 4, answers), '']),
    ...[...correlationLines(record), ...record.notes].map((note) => `- ${escapeMarkdown(note)}`),
    '',
  ];
}
