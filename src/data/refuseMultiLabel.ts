import type { CsvTable } from '../util/csv.js';
import { AudiosslError } from '../util/errors.js';
import { passFormat } from './passFormat.js';

/** One label a clip is what every loss and metric here means: sets with several are refused by name instead of read wrongly. */
export function refuseMultiLabel({
  table,
  file,
  fileColumn,
  labelColumn,
}: {
  table: CsvTable;
  file: string;
  fileColumn: string;
  labelColumn?: string;
}): void {
  if (labelColumn === undefined) return;
  const labelOf = new Map<string, string>();
  for (const [i, row] of table.rows.entries()) {
    const [name, label] = [row[fileColumn], row[labelColumn]];
    // AudioSet's own names have ", " inside ("Walk, footsteps"); lists of labels are written without the space.
    const before = labelOf.get(name);
    const why = /[;|]|,(?! )/.test(label)
      ? `row ${i + 1}: "${label}"`
      : before !== undefined && before !== label
        ? `${name} is "${before}" and "${label}"`
        : undefined;
    if (why !== undefined) {
      throw new AudiosslError(
        `loadDataset: ${file} is multi-label (${why}), only one label a clip is supported; keep one label a row, or ${passFormat('unlabelled')} to use the clips without labels`,
      );
    }
    labelOf.set(name, label);
  }
}
