import { type EvaluationRecord, evaluationPaths, readEvaluations } from '../run/evaluationRecord.js';
import { readTextIfThere } from '../run/readTextIfThere.js';
import type { RunFolder } from '../run/runFolder.js';
import { type CsvTable, parseCsv } from '../util/csv.js';

/** Predictions to colour by, and of what: `linear, test`. */
export interface EvaluationTable {
  name: string;
  file: string;
  table: CsvTable;
}

/** Evaluations that learnt from all labels say more of a recording than those from some. */
const learnsFromAll = ({ labelFraction, shots, fold }: EvaluationRecord) => labelFraction === null && shots === null && fold === null;

/**
 * What a run's evaluations of one checkpoint predicted: of each protocol and split the last one, before those from a part of the labels or
 * of single folds, in the order of their names; label, prediction and probabilities, without groups and baselines.
 */
export async function evaluationTables(run: RunFolder, checkpointSha256: string): Promise<EvaluationTable[]> {
  const chosen = new Map<string, { name: string; record: EvaluationRecord }>();
  for (const evaluation of await readEvaluations(run)) {
    const { record } = evaluation;
    if (record.checkpointSha256 !== checkpointSha256) continue;
    const title = [record.protocol, record.dataset, record.trainOn, record.split].filter((part) => part !== null).join(', ');
    const known = chosen.get(title);
    if (known === undefined || isBetter(record, known.record)) chosen.set(title, evaluation);
  }
  const tables = await Promise.all([...chosen].map(([title, { name }]) => readTable(title, evaluationPaths(run, name).predictions)));
  return tables.filter((table) => table !== undefined);
}

function isBetter(record: EvaluationRecord, known: EvaluationRecord): boolean {
  if (learnsFromAll(record) !== learnsFromAll(known)) return learnsFromAll(record);
  return record.time > known.time;
}

async function readTable(name: string, file: string): Promise<EvaluationTable | undefined> {
  const text = await readTextIfThere(file);
  if (text === undefined) return undefined;
  const { columns, rows } = parseCsv(text, file);
  const kept = columns.filter((column) => /^(id|label|predicted|probability:.*)$/s.test(column));
  return { name, file, table: { columns: kept, rows } };
}
