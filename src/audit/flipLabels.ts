import { UsageError } from '../util/errors.js';
import { Rng } from '../util/rng.js';
import type { LabelAudit } from './auditLabels.js';

/** Gives `share` of the labels, drawn by `seed`, another class each, uniformly: labels that are known to be wrong, to test an audit on. */
export function flipLabels({ labels, share, seed }: { labels: readonly string[]; share: number; seed: number }): {
  labels: string[];
  isFlipped: boolean[];
} {
  const classNames = [...new Set(labels)].sort();
  if (!(share > 0 && share < 1)) throw new UsageError(`flipLabels: the share must lie between 0 and 1, got ${share}`);
  if (classNames.length < 2) throw new UsageError(`flipLabels: needs at least 2 classes, got ${classNames.length}`);
  const numFlipped = Math.round(share * labels.length);
  if (numFlipped === 0)
    throw new UsageError(`flipLabels: the share must be 1 of the ${labels.length} labels at least, got ${share}; raise it`);
  const rng = new Rng({ seed, purpose: 'flipLabels' });
  const order = rng.permutation(labels.length);
  const flipped = [...labels];
  const isFlipped = new Array<boolean>(labels.length).fill(false);
  for (let i = 0; i < numFlipped; i++) {
    const clip = order[i];
    const others = classNames.filter((name) => name !== labels[clip]);
    flipped[clip] = others[rng.integer(0, others.length)];
    isFlipped[clip] = true;
  }
  return { labels: flipped, isFlipped };
}

export interface Detection {
  numClips: number;
  numFlipped: number;
  numSuspected: number;
  /** Of the suspected clips, share that were flipped. */
  precision: number;
  /** Of the flipped clips, share that are suspected. */
  recall: number;
  /** Precision (= recall) of the first `numFlipped` clips of the ranking. */
  precisionAtFlipped: number;
  /** Mean over the flipped clips of the precision at their rank. */
  averagePrecision: number;
  /** What a random order gives: precision at any number, and in expectation nearly the average precision too. */
  randomPrecision: number;
}

/** How well a ranking (indices, most suspicious first) finds what was flipped. */
export function scoreDetection(order: readonly number[], numSuspected: number, isFlipped: readonly boolean[]): Detection {
  const numFlipped = isFlipped.filter(Boolean).length;
  let [found, precisions, foundAtFlipped, foundAtSuspected] = [0, 0, 0, 0];
  order.forEach((clip, i) => {
    if (isFlipped[clip]) precisions += ++found / (i + 1);
    if (i + 1 === numFlipped) foundAtFlipped = found;
    if (i + 1 === numSuspected) foundAtSuspected = found;
  });
  return {
    numClips: order.length,
    numFlipped,
    numSuspected,
    precision: numSuspected > 0 ? foundAtSuspected / numSuspected : 0,
    recall: foundAtSuspected / numFlipped,
    precisionAtFlipped: foundAtFlipped / numFlipped,
    averagePrecision: precisions / numFlipped,
    randomPrecision: numFlipped / order.length,
  };
}

/** The same of an audit whose clips were given in the order of `isFlipped`. */
export function detectionOf(audit: LabelAudit, isFlipped: readonly boolean[]): Detection {
  return scoreDetection(
    audit.clips.map(({ index }) => index),
    audit.numSuspected,
    isFlipped,
  );
}
