import { AudiosslError, errorText } from './errors.js';
import { csvParser } from './onDemand.js';

/** A csv table: the header's names and one record a row, all strings. */
export interface CsvTable {
  columns: string[];
  rows: Record<string, string>[];
}

/**
 * Parses RFC 4180 text with a header row; a byte-order mark, CRLF and blank lines are accepted.
 * Throws AudiosslError naming `file` and the line when a row has another number of fields or the header repeats a name. Bytes of a table that
 * somebody else wrote become text by `decodeUtf8`.
 */
export function parseCsv(text: string, file: string): CsvTable {
  let records: string[][];
  try {
    records = csvParser().parse(text, { bom: true, skip_empty_lines: true, relax_column_count: false });
  } catch (error) {
    throw new AudiosslError(`csv: ${file}: ${errorText(error)}`, { cause: error });
  }
  if (records.length === 0) throw new AudiosslError(`csv: ${file}: a header row is needed, got an empty file`);
  const columns = records[0].map((name) => name.trim());
  const repeated = columns.find((name, i) => columns.indexOf(name) !== i);
  if (repeated !== undefined) throw new AudiosslError(`csv: ${file}: column names must differ, got "${repeated}" twice`);
  const rows = records.slice(1).map((fields) => Object.fromEntries(fields.map((field, i) => [columns[i], field])));
  return { columns, rows };
}

/** Throws unless every column is there: `csv: train.csv: needs the column "label", has fname, class`. */
export function requireColumns(table: CsvTable, names: readonly string[], file: string): void {
  for (const name of names) {
    if (!table.columns.includes(name)) throw new AudiosslError(`csv: ${file}: needs the column "${name}", has ${table.columns.join(', ')}`);
  }
}

export type CsvValue = string | number | boolean | null | undefined;

/** One RFC 4180 line without its end: quotes only where needed, empty for null and undefined. */
export function csvLine(values: readonly CsvValue[]): string {
  return values
    .map((value) => {
      const text = value === null || value === undefined ? '' : String(value);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}

/** A whole file: header, rows, a final newline. */
export function formatCsv(columns: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  const lines = [csvLine(columns)];
  for (const row of rows) lines.push(csvLine(row));
  return `${lines.join('\n')}\n`;
}
