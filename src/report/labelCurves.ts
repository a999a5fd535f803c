import { chosenOptions, type EvaluationRecord } from '../run/evaluationRecord.js';
import { canonicalJson } from '../util/hash.js';
import type { RunReport } from './collectRun.js';
import { predictorText } from './evaluationText.js';

/** Accuracy against the amount of labels: one protocol on one split, a point an amount. */
export interface LabelCurve {
  /** `linear on test clips`. */
  name: string;
  kind: 'labelFraction' | 'shots';
  points: LabelPoint[];
}

export interface LabelPoint {
  /** Share of the labels (0 .. 1] or clips a class. */
  amount: number;
  seeds: number[];
  numClips: number;
  /** Means over the seeds. */
  clipMicroAccuracy: number;
  clipMacroAccuracy: number;
  /** Sample standard deviation over the seeds; null for one. */
  clipMacroAccuracyDeviation: number | null;
  /** The 95 % interval over clips, its ends averaged over the seeds; null where one is missing. */
  clipMacroAccuracyInterval: [number, number] | null;
}

/** Label-fraction and few-shot curves of a run; the evaluation with all labels is the last point of a label-fraction curve. */
export function labelCurves(run: Pick<RunReport, 'evaluations'>): LabelCurve[] {
  const records = run.evaluations.map(({ record }) => record);
  const curves: LabelCurve[] = [];
  for (const kind of ['labelFraction', 'shots'] as const) {
    const families = new Map<string, EvaluationRecord[]>();
    for (const record of records) {
      if (amountOf(record, kind) === undefined) continue;
      const family = canonicalJson([familyOf(record), record.protocol, chosenOptions(record)]);
      families.set(family, [...(families.get(family) ?? []), record]);
    }
    for (const family of families.values()) {
      const amounts = [...new Set(family.map((record) => amountOf(record, kind) ?? 1))].sort((a, b) => a - b);
      if (amounts.length < 2) continue;
      const { split } = family[0];
      curves.push({
        name: `${predictorText({ ...family[0], labelFraction: null, shots: null })} on ${split} clips`,
        kind,
        points: amounts.map((amount) =>
          pointOf(
            amount,
            family.filter((record) => amountOf(record, kind) === amount),
          ),
        ),
      });
    }
  }
  return curves;
}

function familyOf({ split, checkpoint, trainOn, dataset, fold, folds }: EvaluationRecord): unknown {
  return [split, checkpoint, trainOn, dataset, fold, folds.map((one) => one.fold)];
}

/** Undefined: the record is no point of such a curve. */
function amountOf(record: EvaluationRecord, kind: LabelCurve['kind']): number | undefined {
  if (kind === 'shots') return record.shots ?? undefined;
  return record.shots === null ? (record.labelFraction ?? 1) : undefined;
}

function pointOf(amount: number, records: readonly EvaluationRecord[]): LabelPoint {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const macro = records.map((record) => record.clipMacroAccuracy);
  const centre = mean(macro);
  const intervals = records.map((record) => record.clipMacroAccuracyInterval).filter((interval) => interval !== null);
  return {
    amount,
    seeds: records.map(({ seed }) => seed),
    numClips: records[0].numClips,
    clipMicroAccuracy: mean(records.map((record) => record.clipMicroAccuracy)),
    clipMacroAccuracy: centre,
    clipMacroAccuracyDeviation:
      macro.length < 2 ? null : Math.sqrt(macro.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (macro.length - 1)),
    clipMacroAccuracyInterval:
      intervals.length < records.length ? null : [mean(intervals.map(([low]) => low)), mean(intervals.map(([, high]) => high))],
  };
}
