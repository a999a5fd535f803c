import { describeFrontEndDifference, type FrontEnd } from '../audio/frontEnd.js';
import type { Clip } from '../data/clip.js';
import { resolveSplit } from '../data/resolveSplit.js';
import { contrastiveLossOf, pretrainMethodOf, requireSupervised, supervisedLossOf } from '../train/lossOfCommand.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import type { PlannedRun } from './expandSweep.js';

/**
 * What would fail every run after the other is told before anything starts. A run must have a loss that its command can train by, features
 * of its own front end where a store is given, clips to train on, and labelled clips in the splits on which it is evaluated.
 * Throws UsageError naming the first run that has not.
 */
export function checkRuns(
  runs: readonly PlannedRun[],
  { clips, store }: { clips: readonly Clip[]; store?: { dir: string; frontEnd: FrontEnd } | undefined },
): void {
  const known = new Map<string, Map<string, number>>();
  for (const { name, command, config, evaluations } of runs) {
    if (store !== undefined) checkFrontEnd(name, config.frontEnd, store);
    const key = canonicalJson([config.data, config.seed]);
    const numLabelled = known.get(key) ?? asErrorOf(name, () => labelledClips(clips, config));
    known.set(key, numLabelled);
    asErrorOf(name, () => {
      if (command === 'train') {
        supervisedLossOf(config);
        requireSupervised(config);
      } else {
        contrastiveLossOf(config);
        pretrainMethodOf(config);
      }
    });
    for (const { split } of evaluations) {
      if ((numLabelled.get(split) ?? 0) === 0)
        throw new UsageError(
          `sweep: run ${name}: an evaluation on ${split} needs labelled ${split} clips, the data have none; name folds, or another split`,
        );
    }
  }
}

function checkFrontEnd(name: string, ofRun: FrontEnd, { dir, frontEnd }: { dir: string; frontEnd: FrontEnd }): void {
  const difference = describeFrontEndDifference(frontEnd, ofRun);
  if (difference === undefined) return;
  throw new UsageError(
    `sweep: run ${name} needs another front end than ${dir} has (features / run): ${difference}; pass --data, of which every front end is made`,
  );
}

/** Clips with a label a split. */
function labelledClips(clips: readonly Clip[], { data, seed }: Pick<PlannedRun['config'], 'data' | 'seed'>): Map<string, number> {
  const { splitOf } = resolveSplit(clips, data, seed);
  const counts = new Map<string, number>();
  for (const { id, label } of clips) {
    const split = splitOf.get(id);
    if (split !== undefined && label !== undefined) counts.set(split, (counts.get(split) ?? 0) + 1);
  }
  return counts;
}

function asErrorOf<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AudiosslError) throw new UsageError(`sweep: run ${name}: ${errorText(error)}`, { cause: error });
    throw error;
  }
}
