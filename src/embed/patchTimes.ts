import type { FrontEnd } from '../audio/frontEnd.js';

/**
 * Milliseconds of the centre of a patch that starts at frame `start`, from sample numbers: frame t is centred on sample t x hopLength
 * (with `center`; else its window starts there), so nothing drifts however long the recording is.
 */
export function patchCentreMs(start: number, patchFrames: number, { center, nFft, hopLength, sampleRate }: FrontEnd): number {
  const sample = (start + (patchFrames - 1) / 2) * hopLength + (center ? 0 : nFft / 2);
  return (1000 * sample) / sampleRate;
}
