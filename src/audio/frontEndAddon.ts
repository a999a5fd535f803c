import { errorText } from '../util/errors.js';
import { addonProblem, builtAddon, requireAddon } from '../util/nativeAddon.js';
import type { ResampleTable } from './resampleTable.js';

/** A log-mel plan on the other side. */
export type NativePlan = { readonly nativePlan: unique symbol };

/** What a native plan is made of; see LogMelPlan. */
export interface NativePlanOptions {
  nFft: number;
  winLength: number;
  hopLength: number;
  nMels: number;
  /** First sample under the window of frame 0. */
  firstSample: number;
  isMirrored: boolean;
  isMagnitude: boolean;
  waveformOffset: number;
  logOffset: number;
  logFloor: number;
  logScale: number;
  window: Float64Array;
  melWeights: Float64Array;
  firstBin: Int32Array;
  endBin: Int32Array;
}

/**
 * The C++ side, `native/frontEnd`: the loops of this folder over typed arrays, in float64 as here, vectorised for the processor at hand.
 * `start` is the index in the clip of samples[0]. Each throws an Error where an array does not reach.
 */
export interface FrontEndAddon {
  readonly interfaceVersion: number;
  /** baseline, avx2 or avx512 */
  readonly instructionSet: string;
  createLogMelPlan(options: NativePlanOptions): NativePlan;
  /** Frames firstFrame .. -> out [count, nMels]; total = samples of the clip, Infinity = not known yet. */
  logMel(plan: NativePlan, samples: Float32Array, start: number, total: number, firstFrame: number, out: Float32Array): void;
  /** Outputs first .. of the table's filter; samples that are not there count as 0. */
  resample(table: ResampleTable, samples: Float32Array, start: number, first: number, out: Float32Array): void;
  interpolate(table: ResampleTable, samples: Float32Array, start: number, first: number, out: Float32Array): void;
  /** state: 8 sums, smallest, largest, count. */
  addToLevel(state: Float64Array, samples: Float32Array): void;
  /** out = (samples - mean) / divisor */
  normalise(samples: Float32Array, mean: number, divisor: number, out: Float32Array): void;
  mixDown(channels: readonly Float32Array[], out: Float32Array): void;
  readPcm16(bytes: Uint8Array, channels: readonly Float32Array[]): void;
  /** Free memory of the C library's heaps back to the system. Not in older builds, nor where the library is not GNU's. */
  giveBackMemory?(): void;
}

/** The entries of this file and of native/frontEnd/module.cpp have this number together; an addon of another is an old build. */
const interfaceVersion = 1;

let path: string | undefined;
let isWanted = true;
let loaded: { addon?: FrontEndAddon; problem?: string } | undefined;

/** Which implementation of the front end's loops runs: the addon where it is built, else TypeScript; the reason where it is TypeScript. */
export interface FrontEndEngine {
  name: 'native' | 'typescript';
  /** With `native`: baseline, avx2 or avx512. */
  instructionSet?: string;
  reason?: string;
}

export function frontEndEngine(): FrontEndEngine {
  const addon = frontEndAddon();
  if (addon) return { name: 'native', instructionSet: addon.instructionSet };
  return { name: 'typescript', reason: isWanted ? loaded?.problem : 'asked for' };
}

/** `typescript` leaves the addon aside in this thread, `auto` takes it where it is built (the default). */
export function chooseFrontEndEngine(engine: 'auto' | 'typescript'): void {
  isWanted = engine === 'auto';
}

/** Names another build of the addon, one with a sanitiser for example (native/README.md). */
export function useFrontEndAddon(otherBuild: string): void {
  path = otherBuild;
  loaded = undefined;
}

/** The addon, loaded at the first call in a thread; undefined where there is none that works. */
export function frontEndAddon(): FrontEndAddon | undefined {
  if (!isWanted) return undefined;
  loaded ??= load();
  return loaded.addon;
}

function load(): { addon?: FrontEndAddon; problem?: string } {
  path ??= builtAddon('frontEnd.node');
  const problem = addonProblem(path);
  if (problem !== undefined) return { problem: `the addon ${problem}` };
  try {
    const addon = requireAddon(path) as FrontEndAddon; // the type of the C++ side is taken on trust, its version is not
    if (addon.interfaceVersion !== interfaceVersion) return { problem: 'the addon is of another version of audiossl' };
    return { addon };
  } catch (error) {
    return { problem: `the addon does not load: ${errorText(error)}` };
  }
}
