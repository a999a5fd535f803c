import { wordsPerSecond } from '../audio/SoundFingerprint.js';
import type { Clip, Split } from './clip.js';
import { findNearDuplicates, leastWords } from './nearDuplicates.js';

/** Two recordings that share sound: other rates, levels, codecs or cuts of one recording. */
export interface NearDuplicatePair {
  ids: [string, string];
  /** Where the stretch that they share begins in each, to some hundredths of a second, and how long it is. */
  startSeconds: [number, number];
  seconds: number;
  /** Share of the fingerprint's bits that differ over that stretch: 0 in equal recordings, 0.5 by chance. */
  bitErrors: number;
  /** In what the two differ: not in what is absent. */
  splits?: [Split, Split];
  folds?: [string, string];
  labels?: [string, string];
}

export interface FingerprintedClip {
  clip: Clip;
  /** See SoundFingerprint. */
  fingerprint: Uint32Array;
}

const canBeCompared = (fingerprint: Uint32Array) => fingerprint.reduce((n, word) => n + (word === 0 ? 0 : 1), 0) >= leastWords;

/** The pairs of clips that share sound, and the clips of which that cannot be told. */
export async function nearDuplicatePairs(
  compared: readonly FingerprintedClip[],
  { signal }: { signal?: AbortSignal } = {},
): Promise<{ nearDuplicates: NearDuplicatePair[]; notCompared: string[] }> {
  const found = await findNearDuplicates(
    compared.map(({ fingerprint }) => fingerprint),
    { signal },
  );
  const pairs = found.map(({ a, b, startA, startB, length, bitErrors, score }) => {
    const clips = [compared[a].clip, compared[b].clip];
    const differing = (key: 'split' | 'fold' | 'label') => {
      const values = clips.map((clip) => clip[key]);
      return values.includes(undefined) || values[0] === values[1] ? undefined : values;
    };
    const differences = { splits: differing('split'), folds: differing('fold'), labels: differing('label') };
    const pair = {
      ids: clips.map(({ id }) => id),
      startSeconds: [startA, startB].map((start) => start / wordsPerSecond),
      seconds: length / wordsPerSecond,
      bitErrors,
      ...Object.fromEntries(Object.entries(differences).filter(([, values]) => values !== undefined)),
    } as NearDuplicatePair;
    return { pair, score };
  });
  const weight = ({ splits, folds, labels }: NearDuplicatePair) => (splits ? 4 : 0) + (folds ? 2 : 0) + (labels ? 1 : 0);
  pairs.sort((one, other) => weight(other.pair) - weight(one.pair) || other.score - one.score);
  return {
    nearDuplicates: pairs.map(({ pair }) => pair),
    notCompared: compared.filter(({ fingerprint }) => !canBeCompared(fingerprint)).map(({ clip }) => clip.id),
  };
}
