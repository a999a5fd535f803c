import { AudiosslError } from '../util/errors.js';
import { maxSampleRate, minSampleRate } from './decode/decodedAudio.js';
import { halveRate } from './halveRate.js';
import { kaiserSinc, numZeroCrossings } from './kaiserSinc.js';

export interface ResampleOptions {
  /** Hz, an integer in 1,000 .. 768,000. */
  from: number;
  /** Hz, an integer in 1,000 .. 768,000. */
  to: number;
}

/** Weights for every phase: output t lies at input position t * step / phases. */
interface PhaseTable {
  phases: number;
  step: number;
  /** Taps on each side: the tap j of an output at input position p weighs sample floor(p) - reach + j. */
  reach: number;
  numTaps: number;
  /** [phases, numTaps], or undefined where that would be too large and the weights are interpolated. */
  weights?: Float64Array;
  /** min(1, to / from): the filter is this much narrower than the input's band. */
  scale: number;
}

const maxTableLength = 2 ** 20;
const maxOutputLength = 2 ** 30;
const blockOutputs = 4096;

/**
 * Band-limited resampling of mono samples, [n] -> [ceil(n * to / from)]: the polyphase form of the Kaiser-windowed sinc
 * of kaiserSinc, cut off below the lower of the two Nyquist frequencies. Samples outside the clip are 0. 2:1 is exactly
 * the filter of the authors' chain (halveRate). Equal rates return the samples themselves.
 */
export function resample(samples: Float32Array, { from, to }: ResampleOptions): Float32Array {
  for (const rate of [from, to]) {
    if (!Number.isInteger(rate) || rate < minSampleRate || rate > maxSampleRate)
      throw new AudiosslError(`resample: rates must be integers in ${minSampleRate}..${maxSampleRate} Hz, got ${from} -> ${to}`);
  }
  if (from === to) return samples;
  const length = Math.ceil((samples.length * to) / from);
  if (length > maxOutputLength)
    throw new AudiosslError(`resample: the result must have at most 2^30 samples, got ${length}; cut the recording`);
  if (from === 2 * to) return halveRate(samples);
  const table = phaseTable(from, to);
  const { phases, step, reach, numTaps, weights } = table;
  const out = new Float32Array(length);
  const scratch = new Float64Array(Math.ceil((blockOutputs * step) / phases) + numTaps + 1);
  const taps = new Float64Array(numTaps);

  for (let t0 = 0; t0 < length; t0 += blockOutputs) {
    const end = Math.min(length, t0 + blockOutputs);
    const blockStart = Math.floor((t0 * step) / phases) - reach;
    scratch.fill(0);
    const begin = Math.max(0, blockStart);
    if (begin < samples.length) scratch.set(samples.subarray(begin, blockStart + scratch.length), begin - blockStart);
    for (let t = t0; t < end; t++) {
      const position = t * step;
      const phase = position % phases;
      const at = (position - phase) / phases - reach - blockStart;
      if (weights) {
        out[t] = dot(weights, phase * numTaps, scratch, at, numTaps);
      } else {
        interpolateTaps(taps, phase / phases, table);
        out[t] = dot(taps, 0, scratch, at, numTaps);
      }
    }
  }
  return out;
}

/** Four sums side by side: a single one would wait for each addition. */
function dot(weights: Float64Array, w: number, x: Float64Array, i: number, n: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const end = w + (n & ~3);
  while (w < end) {
    a += weights[w] * x[i];
    b += weights[w + 1] * x[i + 1];
    c += weights[w + 2] * x[i + 2];
    d += weights[w + 3] * x[i + 3];
    w += 4;
    i += 4;
  }
  for (let rest = n & 3; rest > 0; rest--) a += weights[w++] * x[i++];
  return a + b + (c + d);
}

// A set of recordings has a handful of rates.
const tables = new Map<string, PhaseTable>();
const maxTables = 8;

function phaseTable(from: number, to: number): PhaseTable {
  const key = `${from} ${to}`;
  const cached = tables.get(key);
  if (cached) return cached;
  const divisor = greatestCommonDivisor(from, to);
  const phases = to / divisor;
  const scale = Math.min(1, to / from);
  const reach = Math.ceil(numZeroCrossings / scale);
  const numTaps = 2 * reach + 1;
  const table: PhaseTable = { phases, step: from / divisor, reach, numTaps, scale };
  if (phases * numTaps <= maxTableLength) {
    table.weights = new Float64Array(phases * numTaps);
    for (let phase = 0; phase < phases; phase++) {
      for (let j = 0; j < numTaps; j++) table.weights[phase * numTaps + j] = scale * kaiserSinc(scale * (phase / phases + reach - j));
    }
  }
  const oldest = tables.keys().next().value;
  if (tables.size >= maxTables && oldest !== undefined) tables.delete(oldest);
  tables.set(key, table);
  return table;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

// Linear interpolation at 4096 points a zero crossing is off by at most (pi / 4096)^2 / 8 = -143 dB.
const pointsPerCrossing = 4096;
let fineTable: Float64Array | undefined;

/** The taps at `fraction` of an input period past a sample, for ratios with too many phases to be kept. */
function interpolateTaps(taps: Float64Array, fraction: number, { reach, scale }: PhaseTable): void {
  fineTable ??= Float64Array.from({ length: numZeroCrossings * pointsPerCrossing + 2 }, (_, i) => kaiserSinc(i / pointsPerCrossing));
  const limit = numZeroCrossings * pointsPerCrossing;
  for (let j = 0; j < taps.length; j++) {
    const place = Math.abs(fraction + reach - j) * scale * pointsPerCrossing;
    const i = Math.floor(place);
    taps[j] = i >= limit ? 0 : scale * (fineTable[i] + (place - i) * (fineTable[i + 1] - fineTable[i]));
  }
}
