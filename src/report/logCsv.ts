import { formatCsv } from '../util/csv.js';
import { csvText } from './markup.js';
import type { ReportContent } from './reportContent.js';

/**
 * The logs of all runs as one table: a row a step, an epoch and a look, a column a number; empty where a record has none, NaN where what was
 * measured was not finite.
 */
export function logCsv({ runs }: Pick<ReportContent, 'runs'>): string {
  const kinds = new Set(['step', 'epoch', 'monitor']);
  const rows = runs.flatMap(({ name, log, hasLabels }) =>
    log.records
      .filter(({ kind }) => kinds.has(kind))
      .map((record) => ({
        run: csvText(name),
        ...Object.fromEntries(Object.entries(record).filter(([key]) => hasLabels || !/Accuracy$/.test(key))),
      })),
  );
  const keys = new Set(['run', 'kind', 'step', 'epoch', 'time']);
  for (const row of rows) for (const key of Object.keys(row)) keys.add(key);
  const columns = [...keys];
  return formatCsv(
    columns.map(csvText),
    rows.map((row: Record<string, unknown>) => columns.map((key) => cell(row[key]))),
  );
}

function cell(value: unknown): string | number | boolean | undefined {
  if (value === null) return 'NaN';
  if (typeof value === 'string') return csvText(value);
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}
