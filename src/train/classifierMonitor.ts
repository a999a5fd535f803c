import { epochBatches } from '../data/samplers.js';
import { argMax, classificationMetrics } from '../eval/metrics.js';
import type { Supervised } from '../method/supervised.js';
import type { Parameters } from '../nn/parameters.js';
import { withUnbiasedStatistics } from '../nn/unbiasedStatistics.js';
import { spreadLook } from '../parallel/BatchSpread.js';
import type { RankGroup } from '../parallel/RankGroup.js';
import { startClock } from '../util/startClock.js';
import type { LabelledItem, LabelledSource } from './labelledSource.js';
import { lookOfFirst, type MonitorLook, selectionValue, tieBreakOf } from './monitorLook.js';
import type { TrainOptions } from './trainOptions.js';

/** The validation patches always stand in the same batches, those of this epoch: training counts from 1. */
const FIXED_EPOCH = 0;

/**
 * Makes the function that looks at the validation clips between epochs, in evaluation mode: the losses over all grid patches, in shuffled
 * batches, since the margin term needs clips of several classes together, and the accuracies of the clips by the mean of their patches'
 * probabilities. Several ranks share every batch; what rank 0 makes of it is told to the others.
 */
export function createClassifierMonitor({
  method,
  fresh = new Map(),
  source,
  items,
  classNames,
  batchSize,
  seed,
  selectBy,
  group,
}: {
  method: Pick<Supervised, 'evaluate'>;
  /** Parameters whose running statistics began as 0 and 1 and are updated once a step; absent = none. */
  fresh?: Parameters;
  /** Makes views of validation patches, without augmentation. */
  source: LabelledSource;
  /** All grid patches of the validation clips, 2 or more. */
  items: readonly LabelledItem[];
  classNames: readonly string[];
  batchSize: number;
  seed: number;
  selectBy: TrainOptions['selectBy'];
  group?: RankGroup;
}): (training: { step: number }) => Promise<MonitorLook> {
  const batches = epochBatches({ numClips: items.length, batchSize, seed, epoch: FIXED_EPOCH }).map((batch) =>
    Array.from(batch, (i) => items[i]),
  );
  const labelOf = new Map(items.map(({ clip, label }) => [clip, label]));
  const clips = [...labelOf.keys()];
  const labels = [...labelOf.values()];
  const look = async () => {
    const clock = startClock();
    const sums = { loss: 0, crossEntropyLoss: 0, marginLoss: 0 };
    const scores = new Map(clips.map((clip) => [clip, new Float64Array(classNames.length)]));
    for (const batch of batches) {
      const spread = spreadLook(batch.length, group);
      const data = await source.read(batch.slice(spread.firstOwn, spread.firstOwn + spread.numOwn), FIXED_EPOCH);
      const views = source.toViews(data);
      const { probabilities, ...losses } = method.evaluate(views, data.labels, spread);
      views.dispose();
      for (const name of ['loss', 'crossEntropyLoss', 'marginLoss'] as const) sums[name] += batch.length * losses[name];
      for (const [row, { clip }] of batch.entries()) {
        const sum = scores.get(clip)!;
        for (let i = 0; i < sum.length; i++) sum[i] += probabilities[row * sum.length + i];
      }
      await new Promise(setImmediate);
    }
    const predicted = clips.map((clip) => argMax(scores.get(clip)!));
    const { clipMicroAccuracy, clipMacroAccuracy } = classificationMetrics({ labels, predicted }, classNames);
    const values = {
      clipMicroAccuracy,
      clipMacroAccuracy,
      validationLoss: sums.loss / items.length,
      validationCrossEntropyLoss: sums.crossEntropyLoss / items.length,
      validationMarginLoss: sums.marginLoss / items.length,
    };
    const allFinite = Object.values(values).every(Number.isFinite);
    const selected = allFinite ? selectionValue(values, selectBy) : { value: null };
    const seen = { ...selected, tieBreak: allFinite ? tieBreakOf(values) : undefined, values, seconds: clock() };
    return lookOfFirst(group, async () => seen);
  };
  return ({ step }) => withUnbiasedStatistics(fresh, step, look);
}
