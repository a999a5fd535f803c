import type { FrontEnd } from '../audio/frontEnd.js';
import type { RowKind } from './recordingPatches.js';

/**
 * Seconds from where to where a row of an embedding file looks, from the time of its centre. A row of a recording shorter than its window
 * reaches over all of it, as does a row of a whole recording.
 * @param timestamp milliseconds of the centre, as `embed` writes them
 */
export function rowSpan(
  timestamp: number,
  per: RowKind,
  { frontEnd, patchFrames }: { frontEnd: FrontEnd; patchFrames: number },
): [start: number, end: number] {
  const { sampleRate, hopLength, center, nFft } = frontEnd;
  const secondsOf = (frames: number) => (frames * hopLength) / sampleRate;
  // Frame t is centred on sample t x hopLength, or starts there.
  const centre = timestamp / 1000 - (center ? 0 : nFft / 2 / sampleRate);
  const frames = per === 'clip' ? Number.POSITIVE_INFINITY : per === 'patch' ? patchFrames : Math.round(per.window / secondsOf(1));
  const start = centre - secondsOf((frames - 1) / 2);
  // Half a frame: centres are sums of rounded numbers.
  if (start < -secondsOf(0.5)) return [0, toMicroseconds(2 * centre + secondsOf(1))];
  const length = typeof per === 'object' ? per.window : secondsOf(frames);
  const first = Math.max(0, toMicroseconds(start));
  return [first, toMicroseconds(first + length)];
}

const toMicroseconds = (seconds: number) => Math.round(seconds * 1e6) / 1e6;
