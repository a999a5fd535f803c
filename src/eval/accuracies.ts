import type { BaselineRecord } from '../run/evaluationRecord.js';
import { wilsonInterval } from './intervals.js';
import { type ClipPredictions, classificationMetrics, type Metrics } from './metrics.js';
import { stratifiedBootstrap } from './statistics/stratifiedBootstrap.js';

/** The accuracies of a record, with their intervals. */
export type Accuracies = Omit<BaselineRecord, 'name' | 'note'>;

/** Micro accuracy with Wilson's score interval, macro with the bootstrap of whole groups, and what they were counted from. */
export function accuraciesOf(
  clips: ClipPredictions & { groups: readonly string[] },
  { classNames, bootstrapDraws, seed }: { classNames: readonly string[]; bootstrapDraws: number; seed: number },
): { accuracies: Accuracies; metrics: Metrics } {
  const { labels, predicted, groups } = clips;
  const metrics = classificationMetrics(clips, classNames);
  const correct = [Array.from(predicted, (guess, clip) => (guess === labels[clip] ? 1 : 0))];
  const { macro } = stratifiedBootstrap({ correct, labels, groups, numClasses: classNames.length, replicates: bootstrapDraws, seed });
  const accuracies = {
    clipMicroAccuracy: metrics.clipMicroAccuracy,
    clipMicroAccuracyInterval: wilsonInterval(metrics.numRight, metrics.numClips),
    clipMacroAccuracy: metrics.clipMacroAccuracy,
    clipMacroAccuracyInterval: [macro.low, macro.high] satisfies [number, number],
    patchWeightedAccuracy: metrics.patchWeightedAccuracy,
    top3Accuracy: metrics.top3Accuracy,
  };
  return { accuracies, metrics };
}
