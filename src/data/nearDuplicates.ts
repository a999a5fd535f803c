import { AudiosslError } from '../util/errors.js';
import { type FingerprintMatch, matchAround } from './fingerprintMatch.js';

/** Recordings `a` < `b`, by their places in the list, that share a stretch of sound. */
export interface NearDuplicate extends FingerprintMatch {
  a: number;
  b: number;
}

/** Score from which a stretch is told: 0.3 s of a perfect copy, 0.5 s of one of which 15 % of the bits differ. */
const leastScore = 200;
/** A fingerprint with fewer words cannot reach it. */
export const leastWords = Math.ceil(leastScore / (0.35 * 32));

/** Entries that are sorted at once, 8 bytes each. */
const defaultMaxEntries = 2 ** 23;
/** Of equal words only so many are compared with all others, so many of one recording: what many share says little. */
const maxSeeds = 32;
const maxSeedsOfOne = 2;
/** Stretches of two recordings that are kept until the best one is known. */
const maxStretches = 8;
/** Frames of two copies may lie up to half a hop apart: neighbours of a diagonal are the same stretch. */
const diagonalWidth = 2;
/** Of an entry, those that say where its word stands. */
const placeBits = 29;

/**
 * Pairs of recordings that share sound, by their fingerprints (see SoundFingerprint; 0 stands for words that say nothing), each with its best
 * stretch, in the order of the list. Pairs are not tried one by one: the words of all are sorted, four times, each time by another 24 of
 * their 32 bits, and where words of two recordings agree in these, what is around them decides. Memory is that of the fingerprints, and
 * `maxEntries` words being sorted: of more than that only those whose checksum says so are, the same ones of two copies.
 */
export async function findNearDuplicates(
  fingerprints: readonly Uint32Array[],
  { maxEntries = defaultMaxEntries, signal }: { maxEntries?: number; signal?: AbortSignal } = {},
): Promise<NearDuplicate[]> {
  const starts = [0];
  for (const words of fingerprints) starts.push(starts[starts.length - 1] + words.length);
  const total = starts[fingerprints.length];
  if (total >= 2 ** placeBits)
    throw new AudiosslError('near-duplicates: at most 2,386 hours can be compared at once, got more; check parts of the folder');

  const found = new Map<number, NearDuplicate[]>();
  for (const turn of [0, 8, 16, 24]) {
    const entries = sortedEntries(fingerprints, turn, Math.min(1, maxEntries / Math.max(1, total)));
    for (let from = 0, to = 0; from < entries.length; from = to) {
      const key = Math.floor(entries[from] / 2 ** placeBits);
      while (to < entries.length && Math.floor(entries[to] / 2 ** placeBits) === key) to++;
      if (to - from > 1) compareEqual(entries.subarray(from, to), { fingerprints, starts, found });
    }
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  }
  return [...found.values()]
    .map((stretches) => stretches.reduce((best, one) => (one.score > best.score ? one : best)))
    .sort((one, other) => one.a - other.a || one.b - other.b);
}

/** `24 bits of a word x 2^29 + its place among the words of all`, sorted, of this share of the words. */
function sortedEntries(fingerprints: readonly Uint32Array[], turn: number, share: number): Float64Array {
  const keyOf = (word: number) => ((word << turn) | (word >>> (32 - turn))) >>> 8;
  const isWanted = (word: number) => word !== 0 && (share === 1 || Math.imul(keyOf(word), 0x9e3779b1) >>> 0 < share * 2 ** 32);
  const count = fingerprints.reduce((sum, words) => sum + words.reduce((n, word) => n + (isWanted(word) ? 1 : 0), 0), 0);
  const entries = new Float64Array(count);
  let at = 0;
  let place = 0;
  for (const words of fingerprints)
    for (const word of words) {
      if (isWanted(word)) entries[at++] = keyOf(word) * 2 ** placeBits + place;
      place++;
    }
  return entries.sort();
}

interface Comparison {
  fingerprints: readonly Uint32Array[];
  /** Place of each recording's first word among the words of all, and their number. */
  starts: readonly number[];
  /** By a x number of recordings + b. */
  found: Map<number, NearDuplicate[]>;
}

/** Looks around words that agree. */
function compareEqual(entries: Float64Array, { fingerprints, starts, found }: Comparison): void {
  const seeds: { recording: number; at: number }[] = [];
  let ofOne = 0;
  for (const entry of entries) {
    const place = entry % 2 ** placeBits;
    const b = recordingAt(starts, place);
    const atB = place - starts[b];
    for (const { recording: a, at: atA } of seeds) {
      if (a === b) continue;
      const key = a * fingerprints.length + b;
      const stretches = found.get(key) ?? [];
      if (stretches.length === maxStretches || stretches.some((stretch) => isWithin(stretch, atA, atB))) continue;
      const match = matchAround(fingerprints[a], fingerprints[b], atA, atB);
      if (match.score >= leastScore) found.set(key, [...stretches, { a, b, ...match }]);
    }
    ofOne = seeds.at(-1)?.recording === b ? ofOne + 1 : 0;
    if (seeds.length < maxSeeds && ofOne < maxSeedsOfOne) seeds.push({ recording: b, at: atB });
  }
}

function isWithin({ startA, startB, length }: FingerprintMatch, atA: number, atB: number): boolean {
  return atA >= startA && atA < startA + length && Math.abs(atB - atA - (startB - startA)) <= diagonalWidth;
}

/** The last recording that starts at this place or before it. */
function recordingAt(starts: readonly number[], place: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= place) low = middle;
    else high = middle;
  }
  return low;
}
