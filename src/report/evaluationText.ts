import type { EvaluationRecord } from '../run/evaluationRecord.js';
import { counted } from './format.js';

/** What tells evaluations of one protocol apart: which labels, which folds, which data. */
export type Learnt = Pick<EvaluationRecord, 'protocol' | 'labelFraction' | 'shots' | 'fold' | 'folds' | 'trainOn' | 'dataset'>;

/** `linear, 10 % of the labels`, `finetune, labels of clean`, `linear, folds 1, 2, 3 pooled`. */
export function predictorText(record: Learnt): string {
  return [record.protocol, ...restrictions(record)].join(', ');
}

/** The same without the protocol; empty for the plain evaluation with all labels of the run's own split. */
function restrictions({ labelFraction, shots, fold, folds, trainOn, dataset }: Learnt): string[] {
  return [
    dataset !== null && `on ${dataset}`,
    trainOn !== null && `labels of ${trainOn}`,
    labelFraction !== null && `${Number((100 * labelFraction).toPrecision(4))} % of the labels`,
    shots !== null && `${counted(shots, 'clip')} a class`,
    fold !== null && `fold ${fold}`,
    folds.length > 0 && `folds ${folds.map((one) => one.fold).join(', ')} pooled`,
  ].filter((text) => text !== false);
}

/** Plain evaluations first, then those on other data or labels, fewer labels later. */
export function compareLearnt(a: Learnt, b: Learnt): number {
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}

function key({ labelFraction, shots, fold, folds, trainOn, dataset }: Learnt): string {
  const digits = (value: number) => value.toFixed(6).padStart(14, '0');
  return [
    dataset ?? '',
    trainOn ?? '',
    labelFraction === null ? '' : digits(1 - labelFraction),
    shots === null ? '' : digits(1e6 - shots),
    // Pooled folds say more than one of them.
    fold === null ? (folds.length > 0 ? '' : ' ') : `f${fold}`,
  ].join('\u0001');
}
