import type { DecodedAudio } from './decode/decodedAudio.js';
import { fixLength } from './fixLength.js';
import type { FrontEnd } from './frontEndPresets.js';
import { type LogMel, logMel } from './logMel.js';
import { mixDown } from './mixDown.js';
import { normaliseClip } from './normaliseClip.js';
import { resample } from './resample.js';

/** Mono samples at the front end's rate, normalised and filled up to minSeconds, in the authors' order: what logMel is fed. */
export function prepareClip({ channels, sampleRate }: Pick<DecodedAudio, 'channels' | 'sampleRate'>, frontEnd: FrontEnd): Float32Array {
  const resampled = resample(mixDown(channels), { from: sampleRate, to: frontEnd.sampleRate });
  const levelled = frontEnd.normalise ? normaliseClip(resampled, { headRoom: frontEnd.headRoom }) : resampled;
  return fixLength(levelled, { numSamples: Math.round(frontEnd.minSeconds * frontEnd.sampleRate), mode: 'varup', fill: frontEnd.fill });
}

/**
 * A decoded recording's log-mel: mix down, resample, normalise, fix the length, log-mel [numFrames, nMels].
 *
 * @example
 * ```ts
 * import { clipLogMel, readAudio, resolveFrontEnd } from 'audiossl';
 * const recording = await readAudio('data/esc10/audio/2-71162-A.ogg');
 * const { numFrames, nMels } = clipLogMel(recording, resolveFrontEnd());
 * [numFrames, nMels]; // => [502, 96]
 * ```
 */
export function clipLogMel(decoded: Pick<DecodedAudio, 'channels' | 'sampleRate'>, frontEnd: FrontEnd): LogMel {
  return logMel(prepareClip(decoded, frontEnd), frontEnd);
}
