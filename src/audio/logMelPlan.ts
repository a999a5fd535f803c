import FFT from 'fft.js';
import { type FrontEndAddon, frontEndAddon, type NativePlan } from './frontEndAddon.js';
import type { FrontEnd } from './frontEndPresets.js';
import { melFilterBank } from './melFilterBank.js';
import { periodicWindow } from './window.js';

/** Everything about log-mel frames that depends on the front end alone. */
export interface LogMelPlan {
  /** First sample under the window of frame 0. */
  firstSample: number;
  /** Whether what lies outside the clip is its mirror image; else it is zeros. */
  isMirrored: boolean;
  window: Float64Array;
  /** The bank's weights, band after band without the zeros. */
  weights: Float64Array;
  firstBin: Int32Array;
  endBin: Int32Array;
  /** value = scale * ln(max(floor, m + offset)) */
  scale: number;
  offset: number;
  floor: number;
  /** Made when first used; `addon` is the one that it belongs to. */
  native?: { addon: FrontEndAddon; plan: NativePlan };
  scratch?: LogMelScratch;
}

/** What the TypeScript loops work in, overwritten by each call. */
export interface LogMelScratch {
  fft: FFT;
  /** Interleaved complex, 2 * nFft; plain arrays, on which fft.js is faster than on typed ones. Outside the window it stays 0. */
  input: number[];
  output: number[];
  spectrumA: Float64Array;
  spectrumB: Float64Array;
  /** Bins that some band weighs: lowBin <= k < highBin. */
  lowBin: number;
  highBin: number;
}

// Resolved front ends are reused for every clip of a set.
const plans = new WeakMap<FrontEnd, LogMelPlan>();

export function logMelPlan(frontEnd: FrontEnd): LogMelPlan {
  let plan = plans.get(frontEnd);
  if (!plan) {
    plan = makePlan(frontEnd);
    plans.set(frontEnd, plan);
  }
  return plan;
}

function makePlan(frontEnd: FrontEnd): LogMelPlan {
  const { nFft, winLength, nMels, power, log, center, padMode } = frontEnd;
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
  return {
    firstSample: ((nFft - winLength) >> 1) - (center ? nFft / 2 : 0),
    isMirrored: center && padMode === 'reflect',
    window: periodicWindow(frontEnd.window, winLength),
    weights,
    firstBin: bank.firstBin,
    endBin: bank.endBin,
    scale: log === 'ln' ? 1 : log === 'log10' ? Math.LOG10E : (power === 2 ? 10 : 20) * Math.LOG10E,
    offset: frontEnd.logOffset,
    floor: frontEnd.logFloor,
  };
}

export function scratchOf(plan: LogMelPlan, { nFft }: FrontEnd): LogMelScratch {
  if (plan.scratch) return plan.scratch;
  const fft = new FFT(nFft);
  plan.scratch = {
    fft,
    input: fft.createComplexArray(),
    output: fft.createComplexArray(),
    spectrumA: new Float64Array(nFft / 2 + 1),
    spectrumB: new Float64Array(nFft / 2 + 1),
    lowBin: Math.min(...plan.firstBin),
    highBin: Math.max(...plan.endBin),
  };
  return plan.scratch;
}

/** The addon's logarithm takes normal numbers only: a front end that lets mel values come below them is computed here. */
const smallestNormal = 2 ** -1022;

/** The plan on the addon's side; undefined where TypeScript is to compute these frames. */
export function nativePlan(plan: LogMelPlan, frontEnd: FrontEnd): { addon: FrontEndAddon; plan: NativePlan } | undefined {
  const addon = frontEndAddon();
  if (!addon || Math.max(plan.offset, plan.floor) < smallestNormal) return undefined;
  if (plan.native?.addon === addon) return plan.native;
  const { nFft, winLength, hopLength, nMels, power, waveformOffset } = frontEnd;
  const { firstSample, isMirrored, window, firstBin, endBin } = plan;
  plan.native = {
    addon,
    plan: addon.createLogMelPlan({
      nFft,
      winLength,
      hopLength,
      nMels,
      firstSample,
      isMirrored,
      isMagnitude: power === 1,
      waveformOffset,
      logOffset: plan.offset,
      logFloor: plan.floor,
      logScale: plan.scale,
      window,
      melWeights: plan.weights,
      firstBin,
      endBin,
    }),
  };
  return plan.native;
}
