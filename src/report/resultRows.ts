import { type BaselineRecord, chosenOptions, type EvaluationRecord, type Interval } from '../run/evaluationRecord.js';
import { groupBy } from '../util/groupBy.js';
import { canonicalJson, sha256 } from '../util/hash.js';
import type { RunReport } from './collectRun.js';
import { configDifferences } from './configDifferences.js';
import { compareLearnt, type Learnt, predictorText } from './evaluationText.js';
import { protocolRank } from './protocolOrder.js';
import { withoutNulls } from './withoutNulls.js';

/** One line of the table of results: an evaluation, a baseline under it, or the mean over seeds of several evaluations. */
export interface ResultRow extends Omit<Learnt, 'folds'> {
  kind: 'evaluation' | 'baseline' | 'mean';
  run: string;
  /** Name of the evaluation; empty for a mean. */
  evaluation: string;
  /** `linear, 10 % of the labels` ..., or the baseline's name. */
  predictor: string;
  /** Folds whose test clips are pooled; empty = the record pools nothing. */
  folds: string[];
  split: string;
  checkpoint: string;
  seed: number | undefined;
  numClips: number;
  clipMicroAccuracy: number;
  clipMicroAccuracyInterval: Interval | null;
  clipMacroAccuracy: number;
  clipMacroAccuracyInterval: Interval | null;
  top3Accuracy: number | null;
  patchWeightedAccuracy: number | null;
  /** Of a mean: how many, of what, and their sample standard deviations. */
  meanOf?: { count: number; what: 'seeds' | 'runs' };
  clipMicroAccuracyDeviation?: number;
  clipMacroAccuracyDeviation?: number;
  note?: string;
  /** Of a baseline: of the evaluation to it, see BaselineRecord. */
  difference?: BaselineRecord['difference'];
}

const splitOrder = ['test', 'validation', 'train'];

/** Test before validation, linear before knn, then by run and seed: what a reader looks for stands first. */
export function resultRows(runs: readonly RunReport[]): ResultRow[] {
  const optionsOf = differingOptions(runs.flatMap((run) => run.evaluations.map(({ record }) => record)));
  const entries = runs.flatMap((run) =>
    run.evaluations.map(({ name, record }) => ({
      record,
      // Runs that differ in nothing but their seed, and were evaluated alike, are one system.
      system: sha256(canonicalJson([withoutSeed(run.config), record.split, record.checkpoint, ...learntOf(record), chosenOptions(record)])),
      rows: rowsOf(run.name, name, record, optionsOf.get(record) ?? []),
    })),
  );
  entries.sort(
    (a, b) =>
      rank(splitOrder, a.record.split) - rank(splitOrder, b.record.split) ||
      protocolRank(a.record) - protocolRank(b.record) ||
      compare(a.record.protocol, b.record.protocol) ||
      compareLearnt(a.record, b.record) ||
      compare(a.record.checkpoint, b.record.checkpoint) ||
      compare(a.system, b.system) ||
      compare(a.rows[0].run, b.rows[0].run) ||
      a.record.seed - b.record.seed,
  );
  const result: ResultRow[] = [];
  entries.forEach((entry, i) => {
    const later = entries.slice(i + 1).flatMap(({ rows }) => rows);
    result.push(...entry.rows.filter((row) => row.kind !== 'baseline' || !later.some((other) => isSameBaseline(row, other))));
    const next = entries[i + 1];
    const ofSystem = entries.filter(({ system }) => system === entry.system).map(({ rows }) => rows[0]);
    const isLastOfSystem = next?.system !== entry.system;
    const ofRun = ofSystem.filter(({ run }) => run === entry.rows[0].run);
    if ((isLastOfSystem || next.rows[0].run !== entry.rows[0].run) && ofRun.length > 1) result.push(meanRow(ofRun, 'seeds'));
    // Runs, not the seeds of their probes, are what repeats an experiment: each counts once.
    const names = [...new Set(ofSystem.map(({ run }) => run))];
    if (isLastOfSystem && names.length > 1) {
      result.push(
        meanRow(
          names.map((name) =>
            meanRow(
              ofSystem.filter(({ run }) => run === name),
              'seeds',
            ),
          ),
          'runs',
        ),
      );
    }
  });
  return result;
}

/** The evaluation that a run's page shows in full: the first of the order above. */
export function mainEvaluation(run: RunReport): RunReport['evaluations'][number] | undefined {
  const first = resultRows([run]).find((row) => row.kind === 'evaluation');
  return run.evaluations.find(({ name }) => name === first?.evaluation);
}

/** What tells evaluations under one protocol apart beside what they learnt from: `epochs 5`, for the chosen options in which some differ. */
function differingOptions(records: readonly EvaluationRecord[]): Map<EvaluationRecord, string[]> {
  const byProtocol = [...groupBy(records, ({ protocol }) => protocol).values()];
  return new Map(
    byProtocol.flatMap((alike) => {
      const differences = configDifferences(alike.map(chosenOptions));
      return alike.map((record, i) => [record, differences.map(({ key, values }) => `${key} ${values[i]}`)] as const);
    }),
  );
}

function rowsOf(run: string, evaluation: string, record: EvaluationRecord, options: readonly string[]): ResultRow[] {
  const { protocol, labelFraction, shots, fold, trainOn, dataset, split, checkpoint, seed, numClips } = record;
  const folds = record.folds.map((one) => one.fold);
  const common = { run, evaluation, protocol, labelFraction, shots, fold, folds, trainOn, dataset, split, checkpoint, seed, numClips };
  return [
    { kind: 'evaluation', ...common, predictor: [predictorText(record), ...options].join(', '), ...scoresOf(record) },
    ...record.baselines.map(
      (baseline): ResultRow => ({
        kind: 'baseline',
        ...common,
        predictor: baseline.name,
        ...scoresOf(baseline),
        note: baseline.note,
        difference: baseline.difference,
      }),
    ),
  ];
}

/** A baseline that no seed changes is told once, under the last evaluation that it belongs to. */
function isSameBaseline(a: ResultRow, b: ResultRow): boolean {
  const telling = (row: ResultRow) =>
    canonicalJson([row.run, row.predictor, row.split, row.numClips, row.note, scoresOf(row), learntOf(row)]);
  return b.kind === 'baseline' && telling(a) === telling(b);
}

type Scores = Pick<
  ResultRow,
  | 'clipMicroAccuracy'
  | 'clipMicroAccuracyInterval'
  | 'clipMacroAccuracy'
  | 'clipMacroAccuracyInterval'
  | 'top3Accuracy'
  | 'patchWeightedAccuracy'
>;

function scoresOf(scores: Scores): Scores {
  return {
    clipMicroAccuracy: scores.clipMicroAccuracy,
    clipMicroAccuracyInterval: scores.clipMicroAccuracyInterval,
    clipMacroAccuracy: scores.clipMacroAccuracy,
    clipMacroAccuracyInterval: scores.clipMacroAccuracyInterval,
    top3Accuracy: scores.top3Accuracy,
    patchWeightedAccuracy: scores.patchWeightedAccuracy,
  };
}

function meanRow(rows: readonly ResultRow[], what: 'seeds' | 'runs'): ResultRow {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = (values: readonly number[]) => {
    const centre = mean(values);
    return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
  };
  const all = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === values.length ? mean(known) : null;
  };
  const micro = rows.map((row) => row.clipMicroAccuracy);
  const macro = rows.map((row) => row.clipMacroAccuracy);
  return {
    ...rows[0],
    kind: 'mean',
    run: what === 'seeds' ? rows[0].run : '',
    evaluation: '',
    seed: undefined,
    meanOf: { count: rows.length, what },
    clipMicroAccuracy: mean(micro),
    clipMicroAccuracyInterval: null,
    clipMicroAccuracyDeviation: deviation(micro),
    clipMacroAccuracy: mean(macro),
    clipMacroAccuracyInterval: null,
    clipMacroAccuracyDeviation: deviation(macro),
    top3Accuracy: all(rows.map((row) => row.top3Accuracy)),
    patchWeightedAccuracy: all(rows.map((row) => row.patchWeightedAccuracy)),
  };
}

function learntOf({
  protocol,
  labelFraction,
  shots,
  fold,
  folds,
  trainOn,
  dataset,
}: Omit<Learnt, 'folds'> & { folds: readonly unknown[] }): unknown[] {
  return [protocol, labelFraction, shots, fold, folds, trainOn, dataset];
}

function withoutSeed(given: unknown): unknown {
  const config = withoutNulls(given);
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return config;
  return { ...config, seed: undefined };
}

function rank(order: readonly string[], word: string): number {
  const place = order.indexOf(word);
  return place < 0 ? order.length : place;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
