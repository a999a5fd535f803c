import FFT from 'fft.js';
import { AudiosslError } from '../util/errors.js';
import type { FrontEnd } from './frontEndPresets.js';
import { melFilterBank } from './melFilterBank.js';
import { periodicWindow } from './window.js';

export interface LogMel {
  /** [numFrames, nMels], row-major. */
  data: Float32Array;
  numFrames: number;
  nMels: number;
}

/** Frames that `numSamples` samples give: 1 + floor(n / hop) centred; else 1 + floor((n - nFft) / hop), at least 1. */
export function numLogMelFrames(numSamples: number, { center, nFft, hopLength }: FrontEnd): number {
  return 1 + Math.floor((center ? numSamples : Math.max(0, numSamples - nFft)) / hopLength);
}

/**
 * Log-mel frames of mono samples at `frontEnd.sampleRate`, [numFrames, nMels]; STFT, mel product and logarithm in
 * float64, stored as float32. Normalising and length fixing are not done here: see clipLogMel.
 * A signal shorter than the padding is mirrored repeatedly; without `center` a signal under nFft is filled with zeros.
 * Throws AudiosslError for 0 samples, or when a sample is not finite.
 */
export function logMel(samples: Float32Array, frontEnd: FrontEnd): LogMel {
  if (samples.length === 0) throw new AudiosslError('logMel: at least 1 sample is needed, got 0');
  const { nFft, hopLength, winLength, nMels, power } = frontEnd;
  const plan = planFor(frontEnd);
  const { fft, window, input, output, spectrumA, spectrumB } = plan;
  const numFrames = numLogMelFrames(samples.length, frontEnd);
  const data = new Float32Array(numFrames * nMels);
  // First sample under the window of frame 0; where the window starts inside nFft points.
  const left = (nFft - winLength) >> 1;
  const first = left - (frontEnd.center ? nFft / 2 : 0);

  for (let frame = 0; frame < numFrames; frame += 2) {
    const isPair = frame + 1 < numFrames;
    windowFrame(input, 2 * left, samples, first + frame * hopLength, window, frontEnd);
    if (isPair) windowFrame(input, 2 * left + 1, samples, first + (frame + 1) * hopLength, window, frontEnd);
    else for (let n = 0; n < winLength; n++) input[2 * (left + n) + 1] = 0;
    fft.transform(output, input);
    separate(plan, power);
    melProduct(plan, spectrumA, data, frame * nMels);
    if (isPair) melProduct(plan, spectrumB, data, (frame + 1) * nMels);
  }
  if (frontEnd.topDecibels !== null) liftToTop(data, frontEnd.topDecibels);
  // A NaN or an infinite sample makes whole frames NaN: one look at the sum finds it.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  if (!Number.isFinite(sum))
    throw new AudiosslError('logMel: samples must be finite and within float32, got values that give no finite log-mel');
  return { data, numFrames, nMels };
}

/** Everything that depends on the front end alone; the buffers are scratch, overwritten by each call. */
interface Plan {
  fft: FFT;
  window: Float64Array;
  /** Interleaved complex, 2 * nFft; plain arrays, on which fft.js is faster than on typed ones. Outside the window it stays 0. */
  input: number[];
  output: number[];
  spectrumA: Float64Array;
  spectrumB: Float64Array;
  /** Bins that some band weighs: lowBin <= k < highBin. */
  lowBin: number;
  highBin: number;
  /** The bank's weights, band after band without the zeros. */
  weights: Float64Array;
  firstBin: Int32Array;
  endBin: Int32Array;
  /** value = scale * ln(max(floor, m + offset)) */
  scale: number;
  offset: number;
  floor: number;
}

// Resolved front ends are reused for every clip of a set.
const plans = new WeakMap<FrontEnd, Plan>();

function planFor(frontEnd: FrontEnd): Plan {
  let plan = plans.get(frontEnd);
  if (!plan) {
    plan = makePlan(frontEnd);
    plans.set(frontEnd, plan);
  }
  return plan;
}

function makePlan(frontEnd: FrontEnd): Plan {
  const { nFft, winLength, nMels, power, log } = frontEnd;
  const bank = melFilterBank(frontEnd);
  const bands = Array.from({ length: nMels }, (_, mel) =>
    bank.weights.subarray(mel * bank.numBins + bank.firstBin[mel], mel * bank.numBins + bank.endBin[mel]),
  );
  const weights = new Float64Array(bands.reduce((length, band) => length + band.length, 0));
  let at = 0;
  for (const band of bands) {
    weights.set(band, at);
    at += band.length;
  }
  const fft = new FFT(nFft);
  return {
    fft,
    window: periodicWindow(frontEnd.window, winLength),
    input: fft.createComplexArray(),
    output: fft.createComplexArray(),
    spectrumA: new Float64Array(bank.numBins),
    spectrumB: new Float64Array(bank.numBins),
    lowBin: Math.min(...bank.firstBin),
    highBin: Math.max(...bank.endBin),
    weights,
    firstBin: bank.firstBin,
    endBin: bank.endBin,
    scale: log === 'ln' ? 1 : log === 'log10' ? Math.LOG10E : (power === 2 ? 10 : 20) * Math.LOG10E,
    offset: frontEnd.logOffset,
    floor: frontEnd.logFloor,
  };
}

/**
 * Writes window[n] * (samples[start + n] + waveformOffset) to every second place of `input` from `at` on. Outside the
 * clip the samples are mirrored (repeatedly, for a clip shorter than the padding) or zeros, as padMode says.
 */
function windowFrame(input: number[], at: number, samples: Float32Array, start: number, window: Float64Array, frontEnd: FrontEnd): void {
  const { waveformOffset } = frontEnd;
  const last = samples.length - 1;
  if (start >= 0 && start + window.length <= samples.length) {
    for (let n = 0, i = at; n < window.length; n++, i += 2) input[i] = window[n] * (samples[start + n] + waveformOffset);
    return;
  }
  const isMirrored = frontEnd.center && frontEnd.padMode === 'reflect';
  for (let n = 0, i = at; n < window.length; n++, i += 2) {
    const t = start + n;
    if (t >= 0 && t <= last) input[i] = window[n] * (samples[t] + waveformOffset);
    else input[i] = isMirrored ? window[n] * (samples[mirror(t, last)] + waveformOffset) : 0;
  }
}

/** Index into 0..last that `t` has when the signal is mirrored at both ends, edge samples not repeated. */
function mirror(t: number, last: number): number {
  if (last === 0) return 0;
  const phase = Math.abs(t) % (2 * last);
  return phase <= last ? phase : 2 * last - phase;
}

/**
 * Two real frames a complex transform: z = a + i b. With Z its spectrum and W[k] = Z[nFft - k],
 * |A|^2 = ((Zr + Wr)^2 + (Zi - Wi)^2) / 4 and |B|^2 = ((Zi + Wi)^2 + (Zr - Wr)^2) / 4.
 */
function separate({ output, spectrumA, spectrumB, lowBin, highBin }: Plan, power: 1 | 2): void {
  const mask = output.length - 1;
  for (let k = lowBin; k < highBin; k++) {
    const mirrored = (output.length - 2 * k) & mask;
    const zr = output[2 * k];
    const zi = output[2 * k + 1];
    const wr = output[mirrored];
    const wi = output[mirrored + 1];
    const ar = zr + wr;
    const ai = zi - wi;
    const br = zi + wi;
    const bi = zr - wr;
    spectrumA[k] = 0.25 * (ar * ar + ai * ai);
    spectrumB[k] = 0.25 * (br * br + bi * bi);
  }
  if (power === 2) return;
  for (let k = lowBin; k < highBin; k++) {
    spectrumA[k] = Math.sqrt(spectrumA[k]);
    spectrumB[k] = Math.sqrt(spectrumB[k]);
  }
}

function melProduct(
  { weights, firstBin, endBin, scale, offset, floor }: Plan,
  spectrum: Float64Array,
  out: Float32Array,
  outOffset: number,
) {
  let w = 0;
  for (let mel = 0; mel < firstBin.length; mel++) {
    let sum = offset;
    for (let k = firstBin[mel]; k < endBin[mel]; k++) sum += weights[w++] * spectrum[k];
    out[outOffset + mel] = scale * Math.log(sum < floor ? floor : sum);
  }
}

/** librosa's top_db: nothing lies further than `topDecibels` below the maximum of the clip. */
function liftToTop(data: Float32Array, topDecibels: number): void {
  let max = Number.NEGATIVE_INFINITY;
  for (const value of data) if (value > max) max = value;
  for (let i = 0; i < data.length; i++) if (data[i] < max - topDecibels) data[i] = max - topDecibels;
}
