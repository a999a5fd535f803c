import { AudiosslError } from '../util/errors.js';
import { ClipTail, wholeClip } from './clipPart.js';
import { maxSampleRate, minSampleRate } from './decode/decodedAudio.js';
import { outputsTogether, resampleOutputs } from './resampleOutputs.js';
import { type ResampleOptions, resampleTable } from './resampleTable.js';

export type { ResampleOptions } from './resampleTable.js';

const maxOutputLength = 2 ** 30;

/**
 * Band-limited resampling of mono samples, [n] -> [ceil(n * to / from)]: the polyphase form of the Kaiser-windowed sinc
 * of kaiserSinc, cut off below the lower of the two Nyquist frequencies. Samples outside the clip are 0. 2:1 is exactly
 * the filter of the authors' chain (halveRate). Equal rates return the samples themselves.
 *
 * @example
 * ```ts
 * import { resample } from 'audiossl';
 * resample(new Float32Array(48_000), { from: 48_000, to: 22_050 }).length; // => 22050
 * ```
 */
export function resample(samples: Float32Array, rates: ResampleOptions): Float32Array {
  checkRates(rates);
  if (rates.from === rates.to) return samples;
  const { length, numFiltered } = lengthsOf(samples.length, rates);
  if (length > maxOutputLength)
    throw new AudiosslError(`resample: the result must have at most 2^30 samples, got ${length}; cut the recording`);
  const out = new Float32Array(length);
  resampleOutputs(wholeClip(samples), rates, 0, out.subarray(0, numFiltered));
  return out;
}

/**
 * resample of a clip that comes block by block: what `push` and `end` return, one after the other, is what resample gives for the whole
 * clip, bit for bit, however it is cut; memory is that of a block and of the filter's length.
 *
 * @example
 * ```ts
 * import { ResampleStream } from 'audiossl';
 * const stream = new ResampleStream({ from: 48_000, to: 22_050 });
 * const pieces = [stream.push(new Float32Array(40_000)), stream.push(new Float32Array(8_000)), stream.end()];
 * pieces.reduce((sum, { length }) => sum + length, 0); // => 22050
 * ```
 */
export class ResampleStream {
  private readonly tail = new ClipTail();
  private numOutputs = 0;

  constructor(private readonly rates: ResampleOptions) {
    checkRates(rates);
  }

  /** The outputs that these samples complete; may be none. */
  push(samples: Float32Array): Float32Array {
    const { from, to } = this.rates;
    if (from === to) return samples;
    const { reach, phases, step } = resampleTable(this.rates);
    const together = outputsTogether(this.rates);
    this.tail.push(samples, Math.floor((this.numOutputs * step) / phases) - reach - together);
    // Those that weigh no later sample: floor(t * step / phases) + reach < received.
    const complete = Math.max(0, Math.ceil(((this.tail.received - reach) * phases) / step));
    return this.outputsTo(complete - (complete % together), false);
  }

  /** The outputs that are left. */
  end(): Float32Array {
    if (this.rates.from === this.rates.to) return new Float32Array(0);
    const { length, numFiltered } = lengthsOf(this.tail.received, this.rates);
    const filtered = this.outputsTo(numFiltered, true);
    if (length === numFiltered) return filtered;
    const out = new Float32Array(filtered.length + length - numFiltered);
    out.set(filtered);
    return out;
  }

  private outputsTo(end: number, isEnded: boolean): Float32Array {
    const out = new Float32Array(Math.max(0, end - this.numOutputs));
    if (out.length > 0) resampleOutputs(this.tail.part(isEnded), this.rates, this.numOutputs, out);
    this.numOutputs += out.length;
    return out;
  }
}

/** Samples that `numSamples` become, and how many of them the filter makes: with 2:1 and an odd number a zero follows, as in the authors' chain. */
function lengthsOf(numSamples: number, { from, to }: ResampleOptions): { length: number; numFiltered: number } {
  const length = Math.ceil((numSamples * to) / from);
  return { length, numFiltered: from === 2 * to ? numSamples >> 1 : length };
}

function checkRates({ from, to }: ResampleOptions): void {
  for (const rate of [from, to]) {
    if (!Number.isInteger(rate) || rate < minSampleRate || rate > maxSampleRate)
      throw new AudiosslError(`resample: rates must be integers in ${minSampleRate}..${maxSampleRate} Hz, got ${from} -> ${to}`);
  }
}
