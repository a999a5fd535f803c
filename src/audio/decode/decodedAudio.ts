import { AudiosslError } from '../../util/errors.js';

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

export const minSampleRate = 1000;
export const maxSampleRate = 768_000;

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

/** The remedy for what cannot be decoded: `convert it: ffmpeg -i "a.aiff" -c:a pcm_s16le "a.converted.wav"`. */
export function convertLine(file: string): string {
  const stem = file.replace(/\.[^./\\]*$/, '');
  return `convert it: ffmpeg -i "${file}" -c:a pcm_s16le "${stem}.converted.wav"`;
}

/** Throws for damage, or notes it where the user asked to salvage what is there. */
export function reportDamage({ file, salvage, warnings }: DecodeContext, damage: string): void {
  if (!salvage) throw decodeError(file, `${damage}; get a whole copy, or pass salvage (--salvage) to keep what is there`);
  warnings.push(damage);
}

/** Throws unless the rate is one that can be resampled. */
export function checkSampleRate(file: string, sampleRate: number): void {
  if (!(sampleRate >= minSampleRate && sampleRate <= maxSampleRate))
    throw decodeError(
      file,
      `the sample rate must be ${minSampleRate} to ${maxSampleRate} Hz, got ${sampleRate}; mend the header or ${convertLine(file)}`,
    );
}
