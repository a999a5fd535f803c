import type { CsvTable } from '../util/csv.js';
import { UsageError } from '../util/errors.js';
import type { Colouring } from './explorePage.js';

const idColumns = ['id', 'clip', 'filename', 'file', 'path'];
/** Texts of more kinds than these are no groups to colour by. */
const mostGroups = 60;
const probability = 'probability:';

/** Rows by the values of a text; undefined = none. */
export function groupColouring(name: string, of: readonly (string | undefined)[]): Colouring {
  const groups = [...new Set(of.filter((value) => value !== undefined))].sort((a, b) => (a < b ? -1 : 1));
  const index = new Map(groups.map((group, i) => [group, i]));
  return { name, kind: 'groups', groups, of: of.map((value) => (value === undefined ? null : (index.get(value) as number))) };
}

function scaleColouring(name: string, values: readonly (number | undefined)[]): Colouring {
  const known = values.filter((value) => value !== undefined);
  const [low, high] = known.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Number.POSITIVE_INFINITY, -Infinity]);
  const text = (value: number) => String(Number(value.toPrecision(3)));
  return { name, kind: 'scale', values: values.map((value) => value ?? null), low: text(low), high: text(high) };
}

/**
 * What a table says of the rows, a colouring a column: numbers on a scale, texts of a few kinds as groups. Tables of ours are understood:
 * `labels.csv` of a label audit (score = suspicion) and predictions of an evaluation, of which each is right or wrong, and whose probabilities
 * become one loss, -ln of that of the label. Throws UsageError where no column names recordings.
 *
 * @param ids of the rows; a table's row goes to all that have its id
 */
export function tableColourings(table: CsvTable, file: string, ids: readonly string[]): { colourings: Colouring[]; numMatched: number } {
  const idColumn = table.columns.find((column) => idColumns.includes(column.toLowerCase()));
  if (idColumn === undefined)
    throw new UsageError(
      `explore: ${file} must have a column ${idColumns.join(', ')} with the recordings, got ${table.columns.join(', ')}`,
    );
  const byId = new Map(table.rows.map((row) => [row[idColumn], row]));
  const rows = ids.map((id) => byId.get(id));
  const colourings: Colouring[] = [];
  if (table.columns.includes('label') && table.columns.some((column) => column.startsWith(probability))) {
    const loss = rows.map((row) => (row === undefined ? undefined : -Math.log(Math.max(1e-6, Number(row[probability + row.label])))));
    if (loss.some((value) => value !== undefined && Number.isFinite(value)))
      colourings.push(scaleColouring('loss', loss.map((value) => (value !== undefined && Number.isFinite(value) ? value : undefined)))); // biome-ignore format: one line
  }
  if (table.columns.includes('label') && table.columns.includes('predicted')) {
    const judged = rows.map((row) => (row === undefined || row.label === '' ? undefined : row.predicted === row.label ? 'right' : 'wrong'));
    if (judged.some((value) => value !== undefined)) colourings.push(groupColouring('right or wrong', judged));
  }
  for (const column of table.columns) {
    if (column === idColumn || column === 'label' || column === 'rank' || column.startsWith(probability)) continue;
    const values = rows.map((row) => (row === undefined || row[column] === '' ? undefined : row[column]));
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) continue;
    if (known.every((value) => value.trim() !== '' && Number.isFinite(Number(value))))
      colourings.push(scaleColouring(column, values.map((value) => (value === undefined ? undefined : Number(value))))); // biome-ignore format: one line
    else if (new Set(known).size <= mostGroups) colourings.push(groupColouring(column, values));
  }
  return { colourings, numMatched: rows.filter((row) => row !== undefined).length };
}
