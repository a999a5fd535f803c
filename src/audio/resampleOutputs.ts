import type { ClipPart } from './clipPart.js';
import { frontEndAddon } from './frontEndAddon.js';
import { halveRate, halvesTogether } from './halveRate.js';
import { type ResampleOptions, type ResampleTable, resampleTable } from './resampleTable.js';

/** Outputs are made from multiples of this on, in a stretch of a clip that goes on: others would have other last bits. */
export function outputsTogether({ from, to }: ResampleOptions): number {
  return from === 2 * to && !frontEndAddon() ? halvesTogether : 1;
}

/**
 * Outputs first .. first + out.length of a clip, of which `part` has what they weigh; samples that are not there count as 0. By the addon
 * where it is built, else here, equal within float32 rounding.
 */
export function resampleOutputs(part: ClipPart, rates: ResampleOptions, first: number, out: Float32Array): void {
  const table = resampleTable(rates);
  const addon = frontEndAddon();
  if (addon) addon[table.divisions === undefined ? 'resample' : 'interpolate'](table, part.samples, part.start, first, out);
  else if (rates.from === 2 * rates.to) halveRate(part, first, out);
  else sumsInTypeScript(part, table, first, out);
}

const blockOutputs = 4096;

function sumsInTypeScript({ samples, start }: ClipPart, table: ResampleTable, first: number, out: Float32Array): void {
  const { phases, step, reach, rowLength, weights, divisions } = table;
  const scratch = new Float64Array(Math.ceil((blockOutputs * step) / phases) + rowLength + 1);
  for (let begin = first; begin < first + out.length; begin += blockOutputs) {
    const end = Math.min(first + out.length, begin + blockOutputs);
    const blockStart = Math.floor((begin * step) / phases) - reach;
    scratch.fill(0);
    const from = Math.max(start, blockStart);
    scratch.set(samples.subarray(from - start, Math.max(from, blockStart + scratch.length) - start), from - blockStart);
    for (let t = begin; t < end; t++) {
      const position = t * step;
      const phase = position % phases;
      const at = (position - phase) / phases - reach - blockStart;
      out[t - first] =
        divisions === undefined
          ? dot(weights, phase * rowLength, scratch, at, rowLength)
          : interpolated(table, (phase * divisions) / phases, scratch, at);
    }
  }
}

/** Four sums side by side: a single one would wait for each addition. */
function dot(weights: Float64Array, w: number, x: Float64Array, i: number, rowLength: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (const end = w + rowLength; w < end; w += 4, i += 4) {
    a += weights[w] * x[i];
    b += weights[w + 1] * x[i + 1];
    c += weights[w + 2] * x[i + 2];
    d += weights[w + 3] * x[i + 3];
  }
  return a + b + (c + d);
}

/** The products with three neighbouring rows, and the parabola through them (Lagrange's form), `place` rows past the fraction 0. */
function interpolated({ weights, rowLength }: ResampleTable, place: number, x: Float64Array, at: number): number {
  const row = Math.floor(place + 0.5);
  const u = place - row;
  const w = row * rowLength;
  return (
    0.5 * u * (u - 1) * dot(weights, w, x, at, rowLength) +
    (1 - u * u) * dot(weights, w + rowLength, x, at, rowLength) +
    0.5 * u * (u + 1) * dot(weights, w + 2 * rowLength, x, at, rowLength)
  );
}
