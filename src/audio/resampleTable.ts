import { halvingFilter } from './halveRate.js';
import { kaiserSinc, numZeroCrossings } from './kaiserSinc.js';

export interface ResampleOptions {
  /** Hz, an integer in 1,000 .. 768,000. */
  from: number;
  /** Hz, an integer in 1,000 .. 768,000. */
  to: number;
}

/** The resampler's filter for every phase: output t lies at input position t * step / phases. */
export interface ResampleTable {
  phases: number;
  step: number;
  /** Taps on each side: the tap j of an output at input position p weighs sample floor(p) - reach + j. */
  reach: number;
  numTaps: number;
  /** numTaps, filled up with zeros to a multiple of 8. */
  rowLength: number;
  /** min(1, to / from): the filter is this much narrower than the input's band. */
  scale: number;
  /** [phases, rowLength]; with `divisions` [divisions + 3, rowLength]: at the fractions (q - 1) / divisions of an input period. */
  weights: Float64Array;
  /** There are too many phases to be kept: parabolas go between these fractions. */
  divisions?: number;
}

const maxTableLength = 2 ** 20;
/**
 * Rows a zero crossing of the filter where it is interpolated. A parabola through three points h apart is off by at most h^3 / 16 of the
 * third derivative within h / 2 of the middle one, and the filter's derivative is under 7: -150 dB.
 */
const rowsPerCrossing = 256;

// A set of recordings has a handful of rates.
const tables = new Map<string, ResampleTable>();
const maxTables = 8;

export function resampleTable({ from, to }: ResampleOptions): ResampleTable {
  const key = `${from} ${to}`;
  const cached = tables.get(key);
  if (cached) return cached;
  const table = from === 2 * to ? halvingTable() : makeTable(from, to);
  const oldest = tables.keys().next().value;
  if (tables.size >= maxTables && oldest !== undefined) tables.delete(oldest);
  tables.set(key, table);
  return table;
}

function makeTable(from: number, to: number): ResampleTable {
  const divisor = greatestCommonDivisor(from, to);
  const phases = to / divisor;
  const scale = Math.min(1, to / from);
  const reach = Math.ceil(numZeroCrossings / scale);
  const numTaps = 2 * reach + 1;
  const rowLength = Math.ceil(numTaps / 8) * 8;
  const tapsAt = (weights: Float64Array, row: number, fraction: number) => {
    for (let j = 0; j < numTaps; j++) weights[row * rowLength + j] = scale * kaiserSinc(scale * (fraction + reach - j));
  };
  const table = { phases, step: from / divisor, reach, numTaps, rowLength, scale };
  if (phases * rowLength <= maxTableLength) {
    const weights = new Float64Array(phases * rowLength);
    for (let phase = 0; phase < phases; phase++) tapsAt(weights, phase, phase / phases);
    return { ...table, weights };
  }
  const divisions = Math.ceil(rowsPerCrossing * scale);
  const weights = new Float64Array((divisions + 3) * rowLength);
  for (let row = 0; row < divisions + 3; row++) tapsAt(weights, row, (row - 1) / divisions);
  return { ...table, weights, divisions };
}

/** y[t] = sum over |k| <= 127 of h[|k|] x[2t - k]. */
function halvingTable(): ResampleTable {
  const reach = halvingFilter.length - 1;
  const numTaps = 2 * reach + 1;
  const weights = new Float64Array(numTaps + 1);
  for (let j = 0; j < numTaps; j++) weights[j] = halvingFilter[Math.abs(reach - j)];
  return { phases: 1, step: 2, reach, numTaps, rowLength: numTaps + 1, scale: 0.5, weights };
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}
