import type { BaselineRecord } from '../run/evaluationRecord.js';
import { wilsonInterval } from './intervals.js';
import { canBootstrap, wilsonMacroInterval } from './macroInterval.js';
import { type ClipPredictions, classificationMetrics, type Metrics } from './metrics.js';
import { stratifiedBootstrap } from './statistics/stratifiedBootstrap.js';

/** The accuracies of a record, with their intervals. */
export type Accuracies = Omit<BaselineRecord, 'name' | 'note' | 'difference'>;

/**
 * Micro accuracy with Wilson's score interval, macro with the bootstrap of whole groups (or, from too few of them, with the classes' Wilson
 * intervals combined), how that one was made, and what they were counted from.
 */
export function accuraciesOf(
  clips: ClipPredictions & { groups: readonly string[] },
  { classNames, bootstrapDraws, seed }: { classNames: readonly string[]; bootstrapDraws: number; seed: number },
): { accuracies: Accuracies; metrics: Metrics; macroMethod: string } {
  const { labels, predicted, groups } = clips;
  const metrics = classificationMetrics(clips, classNames);
  const correct = [Array.from(predicted, (guess, clip) => (guess === labels[clip] ? 1 : 0))];
  const { macro } = stratifiedBootstrap({ correct, labels, groups, numClasses: classNames.length, replicates: bootstrapDraws, seed });
  const classes = metrics.perClass.flatMap(({ numClips, numRight }, label) => {
    const numGroups = new Set(groups.filter((_, clip) => labels[clip] === label)).size;
    return numClips === 0 ? [] : [{ numClips, numRight, numGroups }];
  });
  const isBootstrap = canBootstrap(classes, macro);
  const macroMethod = isBootstrap
    ? `bootstrap of whole groups, class by class, ${bootstrapDraws} draws, percentiles 2.5 and 97.5`
    : 'Wilson score intervals of the classes over their recordings, combined (Zou & Donner 2008): too few for a bootstrap';
  const accuracies = {
    clipMicroAccuracy: metrics.clipMicroAccuracy,
    clipMicroAccuracyInterval: wilsonInterval(metrics.numRight, metrics.numClips),
    clipMacroAccuracy: metrics.clipMacroAccuracy,
    clipMacroAccuracyInterval: isBootstrap ? ([macro.low, macro.high] satisfies [number, number]) : wilsonMacroInterval(classes),
    patchWeightedAccuracy: metrics.patchWeightedAccuracy,
    top3Accuracy: metrics.top3Accuracy,
  };
  return { accuracies, metrics, macroMethod };
}
