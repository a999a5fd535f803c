import type { Split } from '../data/clip.js';
import type { FeatureStore } from '../data/FeatureStore.js';

/** For training on labels: training and validation clips without one are left out, and what is missing is said. */
export function leaveOutUnlabelled(
  store: Pick<FeatureStore, 'clips' | 'classNames'>,
  clips: Record<Split, number[]>,
): { clips: Record<Split, number[]>; notes: string[] } {
  const notes: string[] = [];
  const labelled = (split: Split) => {
    const kept = clips[split].filter((clip) => store.clips[clip].labelIndex !== undefined);
    const numLeftOut = clips[split].length - kept.length;
    if (numLeftOut > 0) notes.push(`${numLeftOut} of ${clips[split].length} ${split} clips have no label and are left out`);
    return kept;
  };
  const kept = { train: labelled('train'), validation: labelled('validation'), test: clips.test };
  const trained = new Set(kept.train.map((clip) => store.clips[clip].labelIndex));
  const untrained = store.classNames.filter((_, label) => !trained.has(label));
  if (untrained.length > 0) notes.push(`no training clip of ${untrained.join(', ')}: nothing can be learnt of them`);
  return { clips: kept, notes };
}
