/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A stream is named by (seed, epoch, clip, view, purpose) and needs no state but its position, so the same
 * names give the same numbers whatever the number of workers, the order of work, or a resume.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each sum is below 2^32: (2^16 - 1)^2 + 2^16 - 1.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (middle2 >>> 16);
}

/** One block: four unsigned 32-bit words from a 128-bit counter and a 64-bit key, written into `out`. */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): Uint32Array {
  let [c0, c1, c2, c3] = [counter[0], counter[1], counter[2], counter[3]];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/** FNV-1a, 32 bit: turns the name of a purpose into half of the key. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** What names a stream of random numbers. Absent numbers are 0. */
export interface StreamName {
  /** 0 .. 2^32 - 1. */
  seed: number;
  epoch?: number;
  /** Index of the clip in the run's manifest, or of the step where no clip is meant. */
  clip?: number;
  view?: number;
  purpose: string;
}

export class Rng {
  private readonly counter: Uint32Array;
  private readonly key: Uint32Array;
  private readonly block = new Uint32Array(4);
  private next = 4;

  constructor({ seed, epoch = 0, clip = 0, view = 0, purpose }: StreamName) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError(`Rng: seed must be an integer in 0 .. 4294967295, got ${seed}`);
    }
    this.counter = Uint32Array.of(0, view, clip, epoch);
    this.key = Uint32Array.of(seed, hash32(purpose));
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    if (this.next === 4) {
      philox4x32(this.counter, this.key, this.block);
      this.counter[0]++;
      this.next = 0;
    }
    return this.block[this.next++];
  }

  /** Uniform in [low, high), 32 bits of resolution. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 4294967296);
  }

  /** Uniform integer in [low, high), without bias (rejection). */
  integer(low: number, high: number): number {
    return this.integers(low, high, [0])[0];
  }

  /** Fills a list with what as many calls of `integer` would give. */
  integers<T extends number[] | Int32Array>(low: number, high: number, out: T): T {
    const range = high - low;
    if (!(range >= 1 && range <= 4294967296)) throw new RangeError(`Rng.integer: needs low < high, got [${low}, ${high})`);
    const limit = 4294967296 - (4294967296 % range);
    for (let i = 0; i < out.length; i++) {
      let word = this.uint32();
      while (word >= limit) word = this.uint32();
      out[i] = low + (word % range);
    }
    return out;
  }

  /** Standard normal (Box-Muller, the cosine half). */
  normal(): number {
    const u = (this.uint32() + 1) / 4294967296;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A random order of 0 .. n - 1 (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
