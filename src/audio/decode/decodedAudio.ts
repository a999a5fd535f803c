import { AudiosslError } from '../../util/errors.js';
import { convertLine } from './convertLine.js';

/** What a recording is, before its samples are decoded. */
export interface AudioFormat {
  /** Hz */
  sampleRate: number;
  numChannels: number;
  /** What was found inside, e.g. `WAV, 16-bit PCM`. */
  format: string;
}

/** A decoded recording. */
export interface DecodedAudio {
  /** Hz */
  sampleRate: number;
  /** [channels][numFrames], PCM scaled to [-1, 1); float files keep their values. */
  channels: Float32Array[];
  /** Samples a channel, >= 1. */
  numFrames: number;
  /** What was found inside, e.g. `WAV, 16-bit PCM`. */
  format: string;
  /** What was mended or left out; empty for a sound file. */
  warnings: string[];
}

/**
 * A recording that is being decoded. Whoever takes the blocks takes them once and to the end: what is damaged is found, and thrown or
 * noted in the context's warnings, on the way.
 */
export interface DecodedStream extends AudioFormat {
  /** [numChannels][n] each, in order; n varies and is never 0. */
  blocks: AsyncGenerator<Float32Array[], void>;
}

export const minSampleRate = 1000;
export const maxSampleRate = 768_000;

/** Less than this of a recording (seconds) may be missing at its end without its being refused. */
export const smallLossSeconds = 0.1;

/** What each decoder gets beside the bytes. */
export interface DecodeContext {
  /** Name for messages. */
  file: string;
  /** Damage is a warning instead of an error. */
  salvage: boolean;
  warnings: string[];
}

/** An error about `file`, in one line. */
export function decodeError(file: string, problem: string, options?: { cause?: unknown }): AudiosslError {
  return new AudiosslError(`decodeAudio: ${file}: ${problem}`, options);
}

/** Throws for damage, or notes it where the user asked to salvage what is there. */
export function reportDamage({ file, salvage, warnings }: DecodeContext, damage: string): void {
  if (!salvage) throw decodeError(file, `${damage}; get a whole copy, or pass salvage (--salvage) to keep what is there`);
  warnings.push(damage);
}

/** Throws unless the rate is one that can be resampled. */
export function checkSampleRate(file: string, sampleRate: number): void {
  if (!(sampleRate >= minSampleRate && sampleRate <= maxSampleRate && Number.isInteger(sampleRate)))
    throw decodeError(
      file,
      `the sample rate must be ${minSampleRate} to ${maxSampleRate} Hz, got ${sampleRate}; mend the header or ${convertLine(file)}`,
    );
}
