interface Row {
  label: string;
  counts: Record<string, number>;
  total: number;
  seconds?: number;
}

/** Clips a class and split as columns of text, with a line of sums. */
export function countTable(rows: readonly Row[]): string {
  const splits = ['train', 'clean', 'noisy', 'noisySmall', 'validation', 'test', 'none'].filter((split) =>
    rows.some((row) => split in row.counts),
  );
  const hasSeconds = rows.some((row) => row.seconds !== undefined);
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const cells = (label: string, value: (of: (row: Row) => number) => number) => [
    label,
    ...splits.map((split) => String(value((row) => row.counts[split] ?? 0))),
    String(value((row) => row.total)),
    ...(hasSeconds ? [(value((row) => row.seconds ?? 0) / 60).toFixed(1)] : []),
  ];
  const table = [
    ['class', ...splits.map((split) => (split === 'none' ? 'no split' : split)), 'all', ...(hasSeconds ? ['minutes'] : [])],
    ...rows.map((row) => cells(row.label === '' ? '(no label)' : row.label, (of) => of(row))),
    cells('all', sum),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table
    .map((line) => `${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}\n`)
    .join('');
}
