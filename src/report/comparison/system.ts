import type { EvaluationRecord } from '../../run/evaluationRecord.js';
import type { SystemTraits } from './systemTraits.js';

/** All runs whose config is equal but for seed and data folds, under one protocol: what is compared. */
export interface System {
  /** Distinct and readable: `ACL, alpha 0.3`; with the keys in which systems of one name differ. */
  name: string;
  /** Without seed and data folds. */
  config: unknown;
  traits: SystemTraits;
  protocol: string;
  split: string;
  checkpoint: string;
  labelFraction: number | null;
  shots: number | null;
  /** Data that the run was not trained on, and the share of the training clips, where the evaluation names one. */
  dataset: string | null;
  trainOn: string | null;
  /** What was chosen of the evaluation's options. */
  options: EvaluationRecord['options'];
  /** A k-fold evaluation of each run: see isKFold. */
  isKFold: boolean;
  /** See protocolKey. */
  protocolKey: string;
  frontEndHash: string;
  classNames: readonly string[];
  /** The clips of all folds, ordered by id. */
  ids: readonly string[];
  labels: Int32Array;
  groups: readonly string[];
  /** Seeds of the runs, ascending; only those that have every clip. */
  seeds: readonly number[];
  /** One array a seed, in the order of `ids`. */
  predicted: readonly Int32Array[];
  /** 1 where `predicted` is the label. */
  correct: readonly Uint8Array[];
  /** Mean over the runs; null where one has none. */
  validationScore: number | null;
  runs: readonly string[];
  notes: readonly string[];
}
