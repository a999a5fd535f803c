import type { Supervised } from '../method/supervised.js';
import type { LabelledBatch } from './labelledSource.js';
import type { TrainingMethod } from './trainingMethod.js';

/** A supervised step as the loop calls it; batches in which the margin term has no positive pair are counted, and patches left out. */
export function supervisedMethod(
  { trainable, step }: Pick<Supervised, 'trainable' | 'step'>,
  { isThinning }: { isThinning: boolean },
): TrainingMethod<LabelledBatch> {
  return {
    trainable,
    step(views, { labels }, dropout, spread) {
      const { gradients, numDiscarded, ...losses } = step(views, labels, dropout, spread);
      const seen = spread?.seeNumbers(labels) ?? labels;
      const hasPositives = new Set(seen).size < seen.length;
      const counts = { batchesWithoutPositives: hasPositives ? 0 : 1, ...(isThinning && { discardedPatches: numDiscarded }) };
      return { losses, counts, gradients };
    },
  };
}
