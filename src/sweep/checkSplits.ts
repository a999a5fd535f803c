import type { Clip } from '../data/clip.js';
import { resolveSplit } from '../data/resolveSplit.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import type { PlannedRun } from './expandSweep.js';

/**
 * Every run must have clips to train on, and labelled clips in the splits on which it is evaluated: known from the data's tables, before
 * anything starts. Throws UsageError naming the first run that has not.
 */
export function checkSplits(clips: readonly Clip[], runs: readonly PlannedRun[]): void {
  const known = new Map<string, Map<string, number>>();
  for (const { name, config, evaluations } of runs) {
    const key = canonicalJson([config.data, config.seed]);
    const numLabelled = known.get(key) ?? labelledClips(clips, { name, config });
    known.set(key, numLabelled);
    for (const { split } of evaluations) {
      if ((numLabelled.get(split) ?? 0) === 0)
        throw new UsageError(
          `sweep: run ${name}: an evaluation on ${split} needs labelled ${split} clips, the data have none; name folds, or another split`,
        );
    }
  }
}

/** Clips with a label a split. */
function labelledClips(clips: readonly Clip[], { name, config }: Pick<PlannedRun, 'name' | 'config'>): Map<string, number> {
  try {
    const { splitOf } = resolveSplit(clips, config.data, config.seed);
    const counts = new Map<string, number>();
    for (const { id, label } of clips) {
      const split = splitOf.get(id);
      if (split !== undefined && label !== undefined) counts.set(split, (counts.get(split) ?? 0) + 1);
    }
    return counts;
  } catch (error) {
    if (error instanceof AudiosslError) throw new UsageError(`sweep: run ${name}: ${errorText(error)}`, { cause: error });
    throw error;
  }
}
