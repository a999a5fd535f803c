/** An accuracy that somebody else printed. Shown beside measured ones it must be marked as published, with source and note. */
export interface PublishedAccuracy {
  system: string;
  /** As printed. */
  percent: number;
  /** The paper's alpha: weight of cross-entropy or NT-Xent; 1 = without the margin term. */
  alpha: number | null;
  source: string;
  /** What weakens the number; empty where nothing is known. */
  note: string;
}

export const sources = {
  paper: 'paper of the angular contrastive loss',
  selfSupervised: "the authors' repository Self_supervised_ACL, README",
  supervised: "the authors' repository supervised_ACL, README",
  features: "the authors' repository uniformity_tolerance, README",
} as const;

/** Test clips of FSDnoisy18k, on which all of these were measured. */
const numPublishedClips = 947;

/** What holds for every published number. */
export const singleSeed = 'one seed';
export const selectedOnTest = 'alpha agrees with the best on the test set, in every column of the published tables';
export const patchWeighted = 'weights each clip by its number of patches';

/** 95 % interval in percent, p +- 1.96 sqrt(p (1 - p) / 947): the clips' part alone, as a single seed allows no other. */
export function publishedInterval(percent: number): [low: number, high: number] {
  const p = percent / 100;
  const half = 1.959963984540054 * Math.sqrt((p * (1 - p)) / numPublishedClips);
  return [100 * (p - half), 100 * (p + half)];
}
