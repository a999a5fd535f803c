import { AudiosslError } from '../util/errors.js';
import { ClipTail } from './clipPart.js';
import type { FrontEnd } from './frontEndPresets.js';
import { checkedMaximum, numLogMelFrames } from './logMel.js';
import { framesTogether, logMelFrames } from './logMelFrames.js';
import { logMelPlan } from './logMelPlan.js';

/**
 * logMel of a clip that comes block by block: what `push` and `end` return, one after the other, is what logMel gives for the whole clip,
 * bit for bit, however it is cut; memory is that of a block and of nFft samples.
 * Only `topDecibels` is not applied, because it needs the loudest frame of the clip: `maximum` has it after `end`, for liftToTop.
 *
 * @example
 * ```ts
 * import { LogMelStream, resolveFrontEnd } from 'audiossl';
 * const stream = new LogMelStream(resolveFrontEnd({ nMels: 64 }));
 * const pieces = [stream.push(new Float32Array(9000)), stream.push(new Float32Array(2025)), stream.end()];
 * pieces.reduce((sum, { length }) => sum + length, 0) / 64; // => 51
 * ```
 */
export class LogMelStream {
  /** Largest value so far. */
  maximum = Number.NEGATIVE_INFINITY;
  private readonly tail = new ClipTail();
  private numFrames = 0;

  constructor(private readonly frontEnd: FrontEnd) {}

  /** The frames that these samples complete, [n, nMels]; n may be 0. */
  push(samples: Float32Array): Float32Array {
    const { nFft, hopLength, winLength, center } = this.frontEnd;
    const { firstSample } = logMelPlan(this.frontEnd);
    // The last frames mirror up to nFft samples; windows overlap.
    this.tail.push(samples, Math.min(this.tail.received - nFft, firstSample + this.numFrames * hopLength));
    const { received } = this.tail;
    // The first frames mirror up to nFft / 2 samples.
    if (received <= nFft) return new Float32Array(0);
    let complete = Math.floor((received - winLength - firstSample) / hopLength) + 1;
    if (!center) complete = Math.min(complete, numLogMelFrames(received, this.frontEnd));
    return this.framesTo(complete - (complete % framesTogether), false);
  }

  /** The frames that are left. Throws AudiosslError if there were no samples at all. */
  end(): Float32Array {
    const { received } = this.tail;
    if (received === 0) throw new AudiosslError('logMel: at least 1 sample is needed, got 0');
    return this.framesTo(numLogMelFrames(received, this.frontEnd), true);
  }

  private framesTo(end: number, isEnded: boolean): Float32Array {
    if (end <= this.numFrames) return new Float32Array(0);
    const out = new Float32Array((end - this.numFrames) * this.frontEnd.nMels);
    logMelFrames(this.tail.part(isEnded), this.frontEnd, this.numFrames, out);
    this.numFrames = end;
    this.maximum = Math.max(this.maximum, checkedMaximum(out));
    return out;
  }
}
