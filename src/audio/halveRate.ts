import FFT from 'fft.js';
import type { ClipPart } from './clipPart.js';
import { kaiserSinc } from './kaiserSinc.js';

const reach = 127;
/** h[k] = 0.5 * kaiserSinc(k / 2), k = 0 .. 127. */
export const halvingFilter = Float64Array.from({ length: reach + 1 }, (_, k) => 0.5 * kaiserSinc(k / 2));

/** Outputs reach from 64 pairs (x[2m], x[2m + 1]) before their own to 63 after it. */
const pairsBefore = 64;
const pairsAfter = 63;
/** 512, 2,048 and 4,096 were measured as well: 10 % slower to no faster. */
const fftSize = 1024;
const blockOutputs = fftSize - pairsBefore - pairsAfter;

/** Outputs of one pair of transforms. */
export const halvesTogether = 2 * blockOutputs;

/**
 * Exactly 2:1: out[t - first] = y[t] = sum over |k| <= 127 of h[|k|] x[2t - k], x being 0 outside `part`; `first` is a multiple of
 * halvesTogether.
 * The sum in float64 by overlap-save: even and odd samples are real and imaginary part of one transform, Z, the filtered block has the
 * spectrum P[k] Z[k] + Q[k] conj(Z[-k]), and two blocks go back in one transform, as its real and imaginary part.
 */
export function halveRate(part: ClipPart, first: number, out: Float32Array): void {
  made ??= makePlan();
  const { fft, input, spectrumA, spectrumB, output } = made;
  for (let t = 0; t < out.length; t += halvesTogether) {
    readPairs(input, part, first + t - pairsBefore);
    fft.transform(spectrumA, input);
    readPairs(input, part, first + t + blockOutputs - pairsBefore);
    fft.transform(spectrumB, input);
    filterBoth(made);
    fft.inverseTransform(output, input);
    writeBlock(out, t, Math.min(out.length, t + blockOutputs), output, 0);
    writeBlock(out, t + blockOutputs, Math.min(out.length, t + halvesTogether), output, 1);
  }
}

/** The filter's two factors, and scratch that each call overwrites; plain arrays, on which fft.js is faster than on typed ones. */
interface Plan {
  fft: FFT;
  input: number[];
  spectrumA: number[];
  spectrumB: number[];
  output: number[];
  /** Interleaved complex, k = 0 .. fftSize / 2. */
  p: Float64Array;
  q: Float64Array;
}

let made: Plan | undefined;

/** With E and O the spectra of h's even and odd taps, by which even and odd samples are filtered: P = (E - iO) / 2, Q = (E + iO) / 2. */
function makePlan(): Plan {
  const fft = new FFT(fftSize);
  const spectrumOf = (tap: (lag: number) => number): number[] => {
    const taps = fft.createComplexArray().fill(0);
    for (let lag = -pairsAfter; lag <= pairsBefore; lag++) taps[2 * ((lag + fftSize) % fftSize)] = tap(lag);
    const spectrum = fft.createComplexArray();
    fft.transform(spectrum, taps);
    return spectrum;
  };
  // x[2t - k] with k = 2 lag is the even sample of the pair t - lag, with k = 2 lag - 1 its odd one.
  const even = spectrumOf((lag) => halvingFilter[Math.abs(2 * lag)] ?? 0);
  const odd = spectrumOf((lag) => halvingFilter[Math.abs(2 * lag - 1)]);
  const p = new Float64Array(fftSize + 2);
  const q = new Float64Array(fftSize + 2);
  for (let i = 0; i < p.length; i += 2) {
    p[i] = (even[i] + odd[i + 1]) / 2;
    p[i + 1] = (even[i + 1] - odd[i]) / 2;
    q[i] = (even[i] - odd[i + 1]) / 2;
    q[i + 1] = (even[i + 1] + odd[i]) / 2;
  }
  const [input, spectrumA, spectrumB, output] = Array.from({ length: 4 }, () => fft.createComplexArray().fill(0));
  return { fft, input, spectrumA, spectrumB, output, p, q };
}

/** `fftSize` pairs of samples from pair `first` on, 0 outside the part. */
function readPairs(input: number[], { samples, start }: ClipPart, first: number): void {
  const from = 2 * first - start;
  if (from >= 0 && from + input.length <= samples.length) {
    for (let i = 0; i < input.length; i++) input[i] = samples[from + i];
    return;
  }
  for (let i = 0; i < input.length; i++) {
    const at = from + i;
    input[i] = at >= 0 && at < samples.length ? samples[at] : 0;
  }
}

/** input = Y_A + i Y_B, with Y = P Z + Q conj(Z[-k]) of each block, and Y[-k] = conj(Y[k]) because the blocks are real. */
function filterBoth({ input, spectrumA, spectrumB, p, q }: Plan): void {
  const last = 2 * fftSize;
  for (let k = 0, m = 0; k <= fftSize; k += 2, m = last - k) {
    const pr = p[k];
    const pi = p[k + 1];
    const qr = q[k];
    const qi = q[k + 1];
    const ar = pr * spectrumA[k] - pi * spectrumA[k + 1] + qr * spectrumA[m] + qi * spectrumA[m + 1];
    const ai = pr * spectrumA[k + 1] + pi * spectrumA[k] + qi * spectrumA[m] - qr * spectrumA[m + 1];
    const br = pr * spectrumB[k] - pi * spectrumB[k + 1] + qr * spectrumB[m] + qi * spectrumB[m + 1];
    const bi = pr * spectrumB[k + 1] + pi * spectrumB[k] + qi * spectrumB[m] - qr * spectrumB[m + 1];
    input[k] = ar - bi;
    input[k + 1] = ai + br;
    if (m === k) continue;
    input[m] = ar + bi;
    input[m + 1] = br - ai;
  }
}

/** The block's outputs t0 <= t < end from the real (part 0) or imaginary (part 1) values of `output`. */
function writeBlock(out: Float32Array, t0: number, end: number, output: number[], part: 0 | 1): void {
  for (let t = t0, i = 2 * pairsBefore + part; t < end; t++, i += 2) out[t] = output[i];
}
