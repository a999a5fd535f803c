import { describeFrontEndDifference, type FrontEnd } from '../audio/frontEnd.js';
import type { Clip } from '../data/clip.js';
import { resolveSplit } from '../data/resolveSplit.js';
import { requireMethod } from '../method/createMethod.js';
import { createEncoder } from '../nn/createEncoder.js';
import { contrastiveLossOf, pretrainMethodOf, requireSupervised, supervisedLossOf } from '../train/lossOfCommand.js';
import { AudiosslError, errorText, UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import type { PlannedRun } from './expandSweep.js';

/**
 * What would fail every run after the other is told before anything starts. A run must have a method, a loss and an encoder that go together, features
 * of its own front end where a store is given, clips to train on, and labelled clips in the splits on which it is evaluated.
 * Throws UsageError naming the first run that has not.
 */
export function checkRuns(
  runs: readonly PlannedRun[],
  { clips, store }: { clips: readonly Clip[]; store?: { dir: string; frontEnd: FrontEnd } | undefined },
): void {
  const known = new Map<string, ClipCounts>();
  for (const { name, command, config, evaluations } of runs) {
    if (store !== undefined) checkFrontEnd(name, config.frontEnd, store);
    const key = canonicalJson([config.data, config.seed]);
    const counts = known.get(key) ?? asErrorOf(name, () => countClips(clips, config));
    known.set(key, counts);
    asErrorOf(name, () => {
      if (command === 'train') {
        supervisedLossOf(config);
        requireSupervised(config);
      } else {
        const [loss, method] = [contrastiveLossOf(config), pretrainMethodOf(config)];
        const { data, encoder, frontEnd, train } = config;
        const network = createEncoder(encoder, { nMels: frontEnd.nMels, patchFrames: data.patchFrames });
        requireMethod(method, { loss, encoder: network, batchSize: train.batchSize, numTrain: counts.numTrain });
      }
    });
    for (const { split } of evaluations) {
      if ((counts.numLabelled.get(split) ?? 0) === 0)
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

interface ClipCounts {
  numTrain: number;
  /** Clips with a label a split. */
  numLabelled: Map<string, number>;
}

function countClips(clips: readonly Clip[], { data, seed }: Pick<PlannedRun['config'], 'data' | 'seed'>): ClipCounts {
  const { splitOf } = resolveSplit(clips, data, seed);
  const numLabelled = new Map<string, number>();
  let numTrain = 0;
  for (const { id, label } of clips) {
    const split = splitOf.get(id);
    if (split === 'train') numTrain++;
    if (split !== undefined && label !== undefined) numLabelled.set(split, (numLabelled.get(split) ?? 0) + 1);
  }
  return { numTrain, numLabelled };
}

function asErrorOf<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AudiosslError) throw new UsageError(`sweep: run ${name}: ${errorText(error)}`, { cause: error });
    throw error;
  }
}
