/** A pipe table: the first `numText` columns to the left, the rest, numbers, to the right. Cells are Markdown already. */
export function markdownTable(head: string[], numText: number, rows: string[][]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i < numText ? '---' : '---:'))), ...rows.map(line)];
}
