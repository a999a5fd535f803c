import type { ClipPart } from './clipPart.js';
import type { FrontEnd } from './frontEndPresets.js';
import { type LogMelPlan, type LogMelScratch, logMelPlan, nativePlan, scratchOf } from './logMelPlan.js';

/** TypeScript takes frames in pairs, from an even one on: a stretch that starts or ends elsewhere gives other last bits. */
export const framesTogether = 2;

/**
 * Log-mel of frames firstFrame .. firstFrame + out.length / nMels of a clip, of which `part` has what their windows need (before
 * `topDecibels`); firstFrame is even. By the addon where it is built, else here, equal within float32 rounding.
 */
export function logMelFrames(part: ClipPart, frontEnd: FrontEnd, firstFrame: number, out: Float32Array): void {
  const plan = logMelPlan(frontEnd);
  const native = nativePlan(plan, frontEnd);
  if (native) native.addon.logMel(native.plan, part.samples, part.start, part.total, firstFrame, out);
  else framesInTypeScript(part, frontEnd, plan, firstFrame, out);
}

function framesInTypeScript(part: ClipPart, frontEnd: FrontEnd, plan: LogMelPlan, firstFrame: number, out: Float32Array): void {
  const { nFft, hopLength, winLength, nMels, power } = frontEnd;
  const scratch = scratchOf(plan, frontEnd);
  const { fft, input, output, spectrumA, spectrumB } = scratch;
  // Where the window starts inside nFft points.
  const left = (nFft - winLength) >> 1;
  const numFrames = out.length / nMels;
  for (let frame = 0; frame < numFrames; frame += 2) {
    const isPair = frame + 1 < numFrames;
    const start = plan.firstSample + (firstFrame + frame) * hopLength;
    windowFrame(input, 2 * left, part, start, plan, frontEnd.waveformOffset);
    if (isPair) windowFrame(input, 2 * left + 1, part, start + hopLength, plan, frontEnd.waveformOffset);
    else for (let n = 0; n < winLength; n++) input[2 * (left + n) + 1] = 0;
    fft.transform(output, input);
    separate(scratch, power);
    melProduct(plan, spectrumA, out, frame * nMels);
    if (isPair) melProduct(plan, spectrumB, out, (frame + 1) * nMels);
  }
}

/**
 * Writes window[n] * (sample start + n, plus waveformOffset) to every second place of `input` from `at` on. Outside the
 * clip the samples are mirrored (repeatedly, for a clip shorter than the padding) or zeros, as padMode says.
 */
function windowFrame(input: number[], at: number, part: ClipPart, start: number, plan: LogMelPlan, waveformOffset: number): void {
  const { window, isMirrored } = plan;
  const { samples, total } = part;
  if (start >= 0 && start + window.length <= total) {
    for (let n = 0, i = at, t = start - part.start; n < window.length; n++, i += 2)
      input[i] = window[n] * (samples[t + n] + waveformOffset);
    return;
  }
  for (let n = 0, i = at; n < window.length; n++, i += 2) {
    const t = start + n;
    const isInside = t >= 0 && t < total;
    if (isInside || isMirrored) input[i] = window[n] * (samples[(isInside ? t : mirror(t, total - 1)) - part.start] + waveformOffset);
    else input[i] = 0;
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
function separate({ output, spectrumA, spectrumB, lowBin, highBin }: LogMelScratch, power: 1 | 2): void {
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
  { weights, firstBin, endBin, scale, offset, floor }: LogMelPlan,
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
