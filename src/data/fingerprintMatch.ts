/** Two recordings' stretches that sound alike. */
export interface FingerprintMatch {
  /** First word of the stretch in the one and in the other. */
  startA: number;
  startB: number;
  /** Words from its first to its last. */
  length: number;
  /** Of these, compared: neither is 0. */
  numWords: number;
  /** Share of their bits that differ: 0.5 by chance. */
  bitErrors: number;
  /** Bits that agree beyond 65 %, summed over the words. */
  score: number;
}

/** Where a larger share of bits than this differs, a word speaks against a match; copies stay below 0.25, chance is 0.5. */
const expectedErrors = 0.35;
/** A stretch ends where its score has fallen by this: 0.7 s of chance. A copy may be damaged for shorter. */
const longestFall = 200;

/**
 * The best stretch around word `placeA` of `a` and word `placeB` of `b`: from there both ways, word by word, as far as the score grows
 * (Altschul et al. 1990 do so with proteins). Words that are 0 count neither way.
 */
export function matchAround(a: Uint32Array, b: Uint32Array, placeA: number, placeB: number): FingerprintMatch {
  const after = extend(a, b, placeA, placeB, 1);
  const before = extend(a, b, placeA - 1, placeB - 1, -1);
  const numWords = after.numWords + before.numWords;
  return {
    startA: placeA - before.length,
    startB: placeB - before.length,
    length: before.length + after.length,
    numWords,
    bitErrors: numWords === 0 ? 0 : (after.errors + before.errors) / (32 * numWords),
    score: after.score + before.score,
  };
}

function extend(a: Uint32Array, b: Uint32Array, fromA: number, fromB: number, step: 1 | -1) {
  let best = { length: 0, numWords: 0, errors: 0, score: 0 };
  let [numWords, errors, score] = [0, 0, 0];
  for (let i = fromA, j = fromB, length = 1; i >= 0 && j >= 0 && i < a.length && j < b.length; i += step, j += step, length++) {
    if (a[i] === 0 || b[j] === 0) continue;
    const differing = numOnes(a[i] ^ b[j]);
    numWords++;
    errors += differing;
    score += 32 * expectedErrors - differing;
    if (score > best.score) best = { length, numWords, errors, score };
    else if (score < best.score - longestFall) break;
  }
  return best;
}

function numOnes(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
