import type { MonitorRecord } from '../run/logRecord.js';
import type { RunReport } from './collectRun.js';

/** By which number of the validation clips the best checkpoint was chosen. */
export interface Selection {
  key: keyof typeof wordsOf;
  words: string;
  isAccuracy: boolean;
}

const wordsOf = {
  knnClipMacroAccuracy: 'the highest macro accuracy of a kNN vote that leaves the clip itself out',
  clipMacroAccuracy: 'the highest macro accuracy of the run’s own classifier',
  probeClipMacroAccuracy: 'the highest macro accuracy of the linear probe trained along',
  effectiveRank: 'the highest effective rank of the embeddings of fixed views (RankMe)',
  alignmentPlusUniformity: 'the lowest sum of alignment and uniformity of fixed views',
  validationLoss: 'the lowest loss on fixed views',
};

/** The run trains a classifier with labels (`audiossl train`). */
export function isSupervised({ config }: Pick<RunReport, 'config'>): boolean {
  return valueAt(config, ['loss', 'name']) === 'crossEntropyMargin';
}

/** As the looks say; where they do not, in runs of earlier versions, by the config. */
export function selectionOf(run: Pick<RunReport, 'config' | 'hasLabels' | 'log'>): Selection {
  const said = run.log.monitors.at(-1)?.selectedBy;
  const key = isKey(said) ? said : keyOfConfig(run);
  const words = key === 'validationLoss' && isSupervised(run) ? 'the lowest loss' : wordsOf[key];
  return { key, words, isAccuracy: key.endsWith('Accuracy') };
}

function isKey(name: string | undefined): name is Selection['key'] {
  return name !== undefined && Object.hasOwn(wordsOf, name);
}

function keyOfConfig(run: Pick<RunReport, 'config' | 'hasLabels'>): Selection['key'] {
  if (valueAt(run.config, ['train', 'selectBy']) === 'validationLoss' || !run.hasLabels) return 'validationLoss';
  return isSupervised(run) ? 'clipMacroAccuracy' : 'knnClipMacroAccuracy';
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
