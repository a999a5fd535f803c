import { againstText, correlationLines, protocolText, transferHow, transferRows } from '../../report/transferRows.js';
import type { TransferRecord } from '../../run/transferRecord.js';

/** Tables for a terminal. */
export function describeTransfer(records: readonly TransferRecord[], files: { markdown: string; html: string }): string {
  const lines = records.flatMap((record) => {
    const { head, rows } = transferRows(record);
    const cells = [
      ['', ...head],
      ...rows.map(({ name, cells }) => [name, ...cells.map(({ value, interval }) => `${value} [${interval}]`)]),
    ];
    const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
    return [
      `${record.data.name}: ${transferHow(record)}`,
      ...cells.map((row) => `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   ')}`),
      ...(record.comparisons.length > 0 ? ['  better than no training?'] : []),
      ...record.comparisons.map(
        (comparison) => `    ${comparison.system}, ${protocolText(comparison)}: ${comparison.better}: ${againstText(comparison)}`,
      ),
      ...correlationLines(record).map((line) => `  ${line}`),
      ...record.notes.map((note) => `  note: ${note}`),
      '',
    ];
  });
  return `${[...lines, files.markdown, files.html].map((line) => line.trimEnd()).join('\n')}\n`;
}
