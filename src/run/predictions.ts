import { writeFileAtomic } from '../util/atomicFile.js';
import { formatCsv, parseCsv, requireColumns } from '../util/csv.js';
import { AudiosslError } from '../util/errors.js';
import { evaluationPaths } from './evaluationRecord.js';
import { readTextIfThere } from './readTextIfThere.js';
import type { RunFolder } from './runFolder.js';

/** One clip of an evaluation. `probabilities` in the order of the class names. */
export interface Prediction {
  id: string;
  label: string;
  predicted: string;
  /** Recording or uploader; clips of one group are no independent samples. Absent = the clip is its own group. */
  group?: string;
  probabilities: number[];
  /** What other predictors say, by their names; the same ones for every clip. */
  baselines?: Readonly<Record<string, string>>;
}

const prefix = 'probability:';
const baselinePrefix = 'baseline:';

/** Writes evaluations/<name>.predictions.csv: `id,label,predicted[,group],probability:<class>,...[,baseline:<name>,...]`, a row
 * a clip. Text is as it is, for reading back. */
export async function writePredictions(
  run: RunFolder,
  name: string,
  { classNames, predictions }: { classNames: readonly string[]; predictions: readonly Prediction[] },
): Promise<void> {
  for (const { id, probabilities } of predictions) {
    if (probabilities.length !== classNames.length) {
      throw new AudiosslError(`writePredictions: clip ${id} needs ${classNames.length} probabilities, got ${probabilities.length}`);
    }
  }
  const hasGroups = predictions.some(({ group }) => group !== undefined);
  const baselines = Object.keys(predictions[0]?.baselines ?? {});
  const columns = [
    ...['id', 'label', 'predicted', ...(hasGroups ? ['group'] : []), ...classNames.map((label) => prefix + label)],
    ...baselines.map((name) => baselinePrefix + name),
  ];
  const rows = predictions.map(({ id, label, predicted, group, probabilities, baselines: said }) => [
    ...[id, label, predicted],
    ...(hasGroups ? [group ?? ''] : []),
    ...probabilities,
    ...baselines.map((name) => said?.[name] ?? ''),
  ]);
  await writeFileAtomic(evaluationPaths(run, name).predictions, formatCsv(columns, rows));
}

/** Reads them back; undefined where the file is absent. */
export async function readPredictions(
  run: RunFolder,
  name: string,
): Promise<{ classNames: string[]; predictions: Prediction[] } | undefined> {
  const file = evaluationPaths(run, name).predictions;
  const text = await readTextIfThere(file);
  if (text === undefined) return undefined;
  const table = parseCsv(text, file);
  requireColumns(table, ['id', 'label', 'predicted'], file);
  const columns = table.columns.filter((column) => column.startsWith(prefix));
  const baselines = table.columns.filter((column) => column.startsWith(baselinePrefix));
  return {
    classNames: columns.map((column) => column.slice(prefix.length)),
    predictions: table.rows.map((row) => ({
      id: row.id,
      label: row.label,
      predicted: row.predicted,
      ...((row.group ?? '') === '' ? {} : { group: row.group }),
      probabilities: columns.map((column) => Number(row[column])),
      ...(baselines.length > 0 && {
        baselines: Object.fromEntries(baselines.map((column) => [column.slice(baselinePrefix.length), row[column]])),
      }),
    })),
  };
}
