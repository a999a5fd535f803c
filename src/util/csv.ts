import { AudiosslError, errorText } from './errors.js';
import { csvParser } from './onDemand.js';

/** A csv table: the header's names and one record a row, all strings. */
export interface CsvTable {
  columns: string[];
  rows: Record<string, string>[];
}

/**
 * Parses RFC 4180 text with a header row; a byte-order mark, CRLF and blank lines are accepted.
 * Throws AudiosslError naming `file` and the line when a row has another number of fields, the header repeats a name, or the bytes were
 * not UTF-8 (decoding has put U+FFFD there: labels would be mixed up).
 */
export function parseCsv(text: string, file: string): CsvTable {
  const firstStrange = text.indexOf('\uFFFD');
  if (firstStrange >= 0) {
    const line = text.slice(0, firstStrange).split('\n').length;
    throw new AudiosslError(`csv: ${file}: must be UTF-8 text without U+FFFD, got something else on line ${line}; save it as UTF-8`);
  }
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
