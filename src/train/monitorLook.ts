import type { RankGroup } from '../parallel/RankGroup.js';
import type { TrainOptions } from './trainOptions.js';

/**
 * A network that took fewer steps has not had the time to collapse, nor to learn: nothing is said of either. Its running statistics are
 * means over batches that other weights have seen, so that in evaluation mode it is another network than the one that trains: after 3 to 18
 * steps of a ResNet-18 on tones the embeddings were 50 to 260 times as long as in training mode, and all but parallel.
 */
export const STEPS_OF_EVIDENCE = 50;

/** One look at the validation clips. */
export interface MonitorLook {
  /** What chooses the best checkpoint, larger = better, see `selectionValue`. Null where it cannot be had or something is not finite. */
  value: number | null;
  /** Which of `values` it is. */
  selectedBy?: SelectionKey;
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
    alignmentPlusUniformity?: number;
    standardDeviation?: number;
    relativeSpread?: number;
    effectiveRank?: number;
  };
  /** A line for the user where the embedding seems to collapse. */
  collapse?: string;
  seconds: number;
}

/** Rank 0's look, for all of them: what follows from it must be the same everywhere, and scoring takes more time than telling. */
export async function lookOfFirst(group: RankGroup | undefined, look: () => Promise<MonitorLook>): Promise<MonitorLook> {
  if (group === undefined) return look();
  const { values, ...rest } = await group.first(look);
  // JSON has no NaN: the numbers of a look that went wrong come as null.
  return { ...rest, values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? Number.NaN])) };
}

/** A number of a look by which looks are compared. */
export type SelectionKey =
  | 'knnClipMacroAccuracy'
  | 'clipMacroAccuracy'
  | 'probeClipMacroAccuracy'
  | 'effectiveRank'
  | 'alignmentPlusUniformity'
  | 'validationLoss';

const keysOf: Record<TrainOptions['selectBy'], readonly SelectionKey[]> = {
  // Without labels no accuracy is there; the rank needs two clips, as the loss does.
  accuracy: ['knnClipMacroAccuracy', 'clipMacroAccuracy', 'effectiveRank', 'validationLoss'],
  probeAccuracy: ['probeClipMacroAccuracy'],
  effectiveRank: ['effectiveRank'],
  alignmentUniformity: ['alignmentPlusUniformity'],
  validationLoss: ['validationLoss'],
};
const isBestLow: readonly SelectionKey[] = ['alignmentPlusUniformity', 'validationLoss'];

/** What chooses the best checkpoint: the first of the numbers that are asked for which the look has, turned so that larger is better. */
export function selectionValue(
  values: MonitorLook['values'],
  selectBy: TrainOptions['selectBy'],
): Pick<MonitorLook, 'value' | 'selectedBy'> {
  const selectedBy = keysOf[selectBy].find((key) => values[key] !== undefined);
  if (selectedBy === undefined) return { value: null };
  const value = values[selectedBy] as number;
  return { value: isBestLow.includes(selectedBy) ? -value : value, selectedBy };
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
