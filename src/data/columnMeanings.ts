import type { CsvTable } from '../util/csv.js';
import { partsOfWords } from './partWords.js';
import { plainFold } from './plainFold.js';

/** What the words of a column mean together; the decimals of whole numbers do not count. */
export function meaningsOf(table: CsvTable, column: string): ReturnType<typeof partsOfWords> {
  const meant = partsOfWords(new Set(table.rows.map((row) => plainFold(row[column]))));
  meant.delete('');
  return meant;
}

/** Whether a column that is called `subset` or the like, not `split`, names something else than splits: `clean`, `noisy`. */
export function namesNoSplits(table: CsvTable, column: string): boolean {
  return column.toLowerCase() !== 'split' && [...meaningsOf(table, column).values()].every((part) => part === undefined);
}
