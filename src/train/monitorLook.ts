import type { TrainOptions } from './trainOptions.js';

/** One look at the validation clips. */
export interface MonitorLook {
  /** What chooses the best checkpoint, larger = better, see `selectionValue`. Null where it cannot be had or something is not finite. */
  value: number | null;
  /** What decides between looks of equal value, larger = better: a score that is the same at every look chooses nothing. */
  tieBreak?: number;
  /** For the log and the checkpoint. */
  values: {
    knnClipMicroAccuracy?: number;
    knnClipMacroAccuracy?: number;
    probeClipMicroAccuracy?: number;
    probeClipMacroAccuracy?: number;
    clipMicroAccuracy?: number;
    clipMacroAccuracy?: number;
    validationLoss?: number;
    validationCrossEntropyLoss?: number;
    validationMarginLoss?: number;
    alignment?: number;
    uniformity?: number;
    standardDeviation?: number;
    relativeSpread?: number;
    effectiveRank?: number;
  };
  /** A line for the user where the embedding seems to collapse. */
  collapse?: string;
  seconds: number;
}

/** What chooses the best checkpoint: the macro accuracy, or minus the validation loss where it is asked for or there are no labels. */
export function selectionValue({
  macroAccuracy,
  validationLoss,
  selectBy,
}: {
  macroAccuracy?: number;
  validationLoss?: number;
  selectBy: TrainOptions['selectBy'];
}): number | null {
  if (selectBy === 'accuracy' && macroAccuracy !== undefined) return macroAccuracy;
  return validationLoss === undefined ? null : -validationLoss;
}

/** Minus the validation loss, where there is one. */
export function tieBreakOf({ validationLoss }: MonitorLook['values']): number | undefined {
  return validationLoss === undefined ? undefined : -validationLoss;
}

/** Whether a look is better than the best one before it. */
export function isBetterLook(
  { value, tieBreak }: Pick<MonitorLook, 'value' | 'tieBreak'>,
  best: { value: number; tieBreak?: number } | null,
): boolean {
  if (value === null) return false;
  if (best === null || value > best.value) return true;
  return value === best.value && tieBreak !== undefined && best.tieBreak !== undefined && tieBreak > best.tieBreak;
}
