import type { MonitorRecord } from '../run/logRecord.js';
import type { RunReport } from './collectRun.js';

/** By which number of the validation clips the best checkpoint was chosen. */
export interface Selection {
  key: 'knnClipMacroAccuracy' | 'clipMacroAccuracy' | 'validationLoss';
  words: string;
  isAccuracy: boolean;
}

/** The run trains a classifier with labels (`audiossl train`). */
export function isSupervised({ config }: Pick<RunReport, 'config'>): boolean {
  return valueAt(config, ['loss', 'name']) === 'crossEntropyMargin';
}

export function selectionOf(run: Pick<RunReport, 'config' | 'hasLabels'>): Selection {
  const selectBy = valueAt(run.config, ['train', 'selectBy']);
  if (selectBy === 'validationLoss' || !run.hasLabels) {
    return { key: 'validationLoss', words: isSupervised(run) ? 'the lowest loss' : 'the lowest loss on fixed views', isAccuracy: false };
  }
  return isSupervised(run)
    ? { key: 'clipMacroAccuracy', words: 'the highest macro accuracy of the run’s own classifier', isAccuracy: true }
    : { key: 'knnClipMacroAccuracy', words: 'the highest macro accuracy of a kNN vote that leaves the clip itself out', isAccuracy: true };
}

/** The last look that was the best so far. */
export function bestLook({ log }: Pick<RunReport, 'log'>): MonitorRecord | undefined {
  return log.monitors.filter((record) => record.isBest).at(-1);
}

/** A leaf of a config by its path; undefined where it is absent. */
export function valueAt(config: unknown, path: readonly string[]): unknown {
  let value = config;
  for (const name of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
