import { fitSoftmaxRegression, predictProbabilities } from './softmaxRegression.js';

export interface OutOfFold {
  /** `[n, numClasses]` row-major: each clip by a classifier that saw no clip of its fold. */
  probabilities: Float64Array;
  /** Strength of the penalty on the weights, the one of the candidates with the lowest out-of-fold cross-entropy. */
  l2: number;
  /** Mean cross-entropy of the given labels under `probabilities`, nats. */
  crossEntropy: number;
}

/** Candidates for the penalty, strong to weak. Labels that are wrong make the weak ones overconfident: the cross-entropy shows it. */
const l2Candidates: readonly number[] = [3, 1, 0.3, 0.1, 0.03, 0.01, 0.003];

/**
 * Predicts every clip by a softmax regression trained on the clips of the other folds. The penalty is the one under which the given labels
 * of held-out clips are likeliest; with wrong labels among them that also keeps the probabilities calibrated.
 * Candidates are tried from strong to weak until one is worse than the best by more than 2 %.
 */
export async function outOfFoldProbabilities({
  x,
  dim,
  labels,
  numClasses,
  foldOf,
  numFolds,
  candidates = l2Candidates,
  isLeftOut,
  onProgress,
  signal,
}: {
  /** `[n, dim]` row-major. */
  x: Float32Array;
  dim: number;
  labels: ArrayLike<number>;
  numClasses: number;
  foldOf: ArrayLike<number>;
  numFolds: number;
  candidates?: readonly number[];
  /** Clips that are predicted like the others and train nothing; a class whose every clip is left out keeps them. */
  isLeftOut?: readonly boolean[];
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}): Promise<OutOfFold> {
  const n = labels.length;
  const all = Array.from({ length: n }, (_, clip) => clip);
  const rowsOf = (clips: readonly number[]) => {
    const rows = new Float32Array(clips.length * dim);
    clips.forEach((clip, i) => {
      rows.set(x.subarray(clip * dim, (clip + 1) * dim), i * dim);
    });
    return rows;
  };
  const trainingClips = (clips: number[]) => {
    const kept = clips.filter((clip) => isLeftOut?.[clip] !== true);
    const classes = new Set(kept.map((clip) => labels[clip]));
    return clips.filter((clip) => isLeftOut?.[clip] !== true || !classes.has(labels[clip]));
  };
  let best: OutOfFold | undefined;
  for (const [tried, l2] of candidates.entries()) {
    const probabilities = new Float64Array(n * numClasses);
    for (let fold = 0; fold < numFolds; fold++) {
      signal?.throwIfAborted();
      const outside = all.filter((clip) => foldOf[clip] === fold);
      const inside = trainingClips(all.filter((clip) => foldOf[clip] !== fold));
      if (outside.length > 0) {
        const given = inside.map((clip) => labels[clip]);
        const classifier = await fitSoftmaxRegression({ x: rowsOf(inside), labels: given, dim, numClasses, l2 });
        const predicted = predictProbabilities(classifier, rowsOf(outside));
        outside.forEach((clip, i) => {
          probabilities.set(predicted.subarray(i * numClasses, (i + 1) * numClasses), clip * numClasses);
        });
      }
      onProgress?.(tried * numFolds + fold + 1, candidates.length * numFolds);
      await new Promise(setImmediate);
    }
    const crossEntropy =
      all.reduce((sum, clip) => sum - Math.log(Math.max(1e-300, probabilities[clip * numClasses + labels[clip]])), 0) / n;
    if (best === undefined || crossEntropy < best.crossEntropy) best = { probabilities, l2, crossEntropy };
    else if (crossEntropy > 1.02 * best.crossEntropy) break;
  }
  onProgress?.(candidates.length * numFolds, candidates.length * numFolds);
  return best as OutOfFold;
}
