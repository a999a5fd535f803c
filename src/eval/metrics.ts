import { AudiosslError } from '../util/errors.js';

/** What a predictor said about the clips of one split. */
export interface ClipPredictions {
  /** True class of each clip. */
  labels: ArrayLike<number>;
  /** Predicted class of each clip. */
  predicted: ArrayLike<number>;
  /** The three likeliest classes of each clip, likeliest first; absent where the predictor gives no order. */
  topThree?: readonly (readonly number[])[];
  /** Number of grid patches of each clip. */
  numPatches?: ArrayLike<number>;
}

export interface ClassResult {
  label: string;
  numClips: number;
  numRight: number;
  /** Null where the split has no clip of the class. */
  recall: number | null;
}

export interface Metrics {
  numClips: number;
  numRight: number;
  /** Share of the clips that are right. */
  clipMicroAccuracy: number;
  /** Mean recall of the classes that have clips: each class weighs the same. */
  clipMacroAccuracy: number;
  /** Each clip weighs its number of patches, so long clips dominate: what the authors' code prints as micro. Null without patch counts. */
  patchWeightedAccuracy: number | null;
  /** The true class is among the three likeliest. Null with three classes or fewer, where it says nothing. */
  top3Accuracy: number | null;
  /** In the order of the class names. */
  perClass: ClassResult[];
  /** [true class, predicted class], clips. */
  confusion: number[][];
}

/** Accuracies of clip predictions. Throws AudiosslError for no clips at all or a class outside `classNames`. */
export function classificationMetrics(predictions: ClipPredictions, classNames: readonly string[]): Metrics {
  const { labels, predicted, topThree, numPatches } = predictions;
  const numClips = labels.length;
  if (numClips === 0 || predicted.length !== numClips) {
    throw new AudiosslError(
      `classificationMetrics: needs one prediction for each of at least 1 clips, got ${predicted.length} for ${numClips}`,
    );
  }
  const confusion = classNames.map(() => classNames.map(() => 0));
  let numRight = 0;
  let numTopThree = 0;
  let numPatchesRight = 0;
  let numPatchesAll = 0;
  for (let clip = 0; clip < numClips; clip++) {
    const [label, guess] = [labels[clip], predicted[clip]];
    if (confusion[label]?.[guess] === undefined) {
      throw new AudiosslError(`classificationMetrics: classes must be 0 .. ${classNames.length - 1}, got ${label} and ${guess}`);
    }
    const isRight = label === guess;
    confusion[label][guess]++;
    if (isRight) numRight++;
    if (topThree?.[clip].slice(0, 3).includes(label)) numTopThree++;
    if (numPatches) {
      numPatchesAll += numPatches[clip];
      if (isRight) numPatchesRight += numPatches[clip];
    }
  }
  const perClass = classNames.map((label, i): ClassResult => {
    const inClass = confusion[i].reduce((sum, n) => sum + n, 0);
    return { label, numClips: inClass, numRight: confusion[i][i], recall: inClass === 0 ? null : confusion[i][i] / inClass };
  });
  const recalls = perClass.flatMap(({ recall }) => (recall === null ? [] : [recall]));
  return {
    numClips,
    numRight,
    clipMicroAccuracy: numRight / numClips,
    clipMacroAccuracy: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    patchWeightedAccuracy: numPatches ? numPatchesRight / numPatchesAll : null,
    top3Accuracy: topThree && classNames.length > 3 ? numTopThree / numClips : null,
    perClass,
    confusion,
  };
}

/** Classes by falling score, the lowest index first where scores are equal; at most three. */
export function topThreeOf(scores: ArrayLike<number>): number[] {
  return Array.from(scores, (_, i) => i)
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, 3);
}

/** Index of the highest value, the lowest index where several are equal. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
