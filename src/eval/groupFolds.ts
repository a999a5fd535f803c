import { AudiosslError } from '../util/errors.js';
import { Rng } from '../util/rng.js';

/**
 * Fold 0 .. numFolds - 1 of each clip: clips of one group stand in one fold, and the folds hold about as many clips of every class.
 * Greedy, like scikit-learn's StratifiedGroupKFold: groups in an order drawn by `seed`, those of the rarest classes first, each to the fold
 * that has the fewest clips of its classes, counted as shares of the class; ties to the smaller fold.
 * Throws AudiosslError where a class then stands in one fold alone: its clips could not be predicted by others.
 */
export function groupFolds({
  labels,
  groups,
  classNames,
  numFolds,
  seed,
}: {
  labels: ArrayLike<number>;
  groups: readonly string[];
  classNames: readonly string[];
  numFolds: number;
  seed: number;
}): Uint32Array {
  const numClasses = classNames.length;
  const clipsOf = new Map<string, number[]>();
  groups.forEach((group, clip) => {
    const clips = clipsOf.get(group);
    if (clips) clips.push(clip);
    else clipsOf.set(group, [clip]);
  });
  const classSizes = new Float64Array(numClasses);
  for (let clip = 0; clip < groups.length; clip++) classSizes[labels[clip]]++;
  const all = [...clipsOf.values()];
  const order = new Rng({ seed, purpose: 'auditFolds' }).permutation(all.length);
  const rarest = (clips: readonly number[]) => Math.min(...clips.map((clip) => classSizes[labels[clip]]));
  // A stable sort keeps the drawn order among equals.
  const queue = Array.from(order, (i) => all[i]).sort((a, b) => rarest(a) - rarest(b) || b.length - a.length);
  const counts = Array.from({ length: numFolds }, () => new Float64Array(numClasses));
  const sizes = new Float64Array(numFolds);
  const foldOf = new Uint32Array(groups.length);
  for (const clips of queue) {
    let best = 0;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let fold = 0; fold < numFolds; fold++) {
      const cost = clips.reduce((sum, clip) => sum + counts[fold][labels[clip]] / classSizes[labels[clip]], 0);
      if (cost < bestCost || (cost === bestCost && sizes[fold] < sizes[best])) [best, bestCost] = [fold, cost];
    }
    for (const clip of clips) {
      foldOf[clip] = best;
      counts[best][labels[clip]]++;
    }
    sizes[best] += clips.length;
  }
  for (let label = 0; label < numClasses; label++) {
    if (classSizes[label] > 0 && counts.filter((fold) => fold[label] > 0).length < 2) {
      throw new AudiosslError(
        `groupFolds: the clips of a class must stand in at least 2 folds, all ${classSizes[label]} of ${classNames[label]} are in one because one group holds most of them; use smaller groups or more folds`,
      );
    }
  }
  return foldOf;
}
