import FFT from 'fft.js';
import { ResampleStream } from './resample.js';

/** Hz: every codec and every common rate keeps what lies below 3 kHz. */
const rate = 8000;
const frameLength = 2048;
const hop = 128;
/** Frames from the one to the other whose bands are compared. */
const lag = 4;
const numBits = 32;
const [lowest, highest] = [250, 3000];
/** Mean square in the bands under which a frame says nothing: -80 dB of full scale. */
const quietest = 1e-8;

/** Word n of a fingerprint is about the sound around n / wordsPerSecond. */
export const wordsPerSecond = rate / hop;

/**
 * What a recording sounds like, whatever its level, rate, codec or container, taken up block by block: a word of 32 bits every 16 ms, after
 * Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (2002). With E(n, m) the logarithm of the power in band m of 33
 * (250 to 3,000 Hz, equally wide in octaves) of frame n (256 ms, Hann), bit m of word n is the sign of
 *
 *     E(n, m) - E(n, m + 1) - (E(n - 4, m) - E(n - 4, m + 1)),
 *
 * the highest bit first; they compare a frame with the one before it, which turns more bits where two copies are framed differently. A
 * word is 0 where one of its frames is too quiet to tell: under -80 dB of full scale.
 */
export class SoundFingerprint {
  private readonly resampler: ResampleStream;
  private readonly fft = new FFT(frameLength);
  /** Interleaved complex; two frames go through one transform, as its real and its imaginary part. */
  private readonly input = this.fft.createComplexArray() as number[];
  private readonly spectrum = this.fft.createComplexArray() as number[];
  /** The samples from the next frame's first one on; before the recording there is silence. */
  private pending: Float32Array = new Float32Array(frameLength / 2);
  /** Of the last frames, at most lag + 1. */
  private readonly frames: { bands: Float64Array; isHeard: boolean }[] = [];
  private words = new Uint32Array(1024);
  private numWords = 0;

  constructor(sampleRate: number) {
    this.resampler = new ResampleStream({ from: sampleRate, to: rate });
  }

  /** The next samples of the mean of the channels. */
  add(mono: Float32Array): void {
    this.push(this.resampler.push(mono));
  }

  /** To be called once, at the end. */
  result(): Uint32Array {
    this.push(this.resampler.end());
    const rest = this.pending.length + frameLength / 2 - frameLength;
    const numWords = this.numWords + (rest < 0 ? 0 : Math.floor(rest / hop) + 1);
    // Frames go in pairs: silence for the second one of the last pair.
    this.push(new Float32Array(frameLength / 2 + hop));
    return this.words.slice(0, numWords);
  }

  private push(samples: Float32Array): void {
    const all = new Float32Array(this.pending.length + samples.length);
    all.set(this.pending);
    all.set(samples, this.pending.length);
    let start = 0;
    for (; start + hop + frameLength <= all.length; start += 2 * hop) this.addPair(all, start);
    this.pending = all.subarray(start);
  }

  /** With z = x + i y: |X(k)|^2 = |Z(k) + conj Z(-k)|^2 / 4 and |Y(k)|^2 = |Z(k) - conj Z(-k)|^2 / 4. */
  private addPair(samples: Float32Array, start: number): void {
    const { input, spectrum } = this;
    for (let i = 0, at = start; i < frameLength; i++, at++) {
      input[2 * i] = hann[i] * samples[at];
      input[2 * i + 1] = hann[i] * samples[at + hop];
    }
    this.fft.transform(spectrum, input);
    const [x, y] = [new Float64Array(numBits + 1), new Float64Array(numBits + 1)];
    for (let band = 0; band <= numBits; band++)
      for (let k = edges[band]; k < edges[band + 1]; k++) {
        const [re, im] = [spectrum[2 * k], spectrum[2 * k + 1]];
        const [otherRe, otherIm] = [spectrum[2 * (frameLength - k)], spectrum[2 * (frameLength - k) + 1]];
        x[band] += (re + otherRe) ** 2 + (im - otherIm) ** 2;
        y[band] += (re - otherRe) ** 2 + (im + otherIm) ** 2;
      }
    this.addFrame(x);
    this.addFrame(y);
  }

  /** @param bands 4 x the power in each */
  private addFrame(bands: Float64Array): void {
    const { frames } = this;
    const isHeard = bands.reduce((sum, power) => sum + power, 0) * powerScale > quietest;
    const now = { bands: bands.map((power) => Math.log(power + Number.MIN_VALUE)), isHeard };
    frames.push(now);
    const before = frames.length > lag ? frames.shift() : undefined;
    this.write(before?.isHeard && isHeard ? wordOf(before.bands, now.bands) : 0);
  }

  private write(word: number): void {
    if (this.numWords === this.words.length) {
      const longer = new Uint32Array(2 * this.numWords);
      longer.set(this.words);
      this.words = longer;
    }
    this.words[this.numWords++] = word;
  }
}

function wordOf(before: Float64Array, now: Float64Array): number {
  let word = 0;
  for (let m = 0; m < numBits; m++) word = (word << 1) | (now[m] - now[m + 1] > before[m] - before[m + 1] ? 1 : 0);
  return word >>> 0;
}

const hann = Float64Array.from({ length: frameLength }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frameLength));
/** From the sum of 4 |X|^2 over positive frequencies to a mean square; the mean of Hann's squares is 3 / 8. */
const powerScale = 0.5 / (frameLength ** 2 * 0.375);
/** First bin of each band, and the end of the last one. */
const edges = Int32Array.from({ length: numBits + 2 }, (_, i) =>
  Math.round((lowest * (highest / lowest) ** (i / (numBits + 1)) * frameLength) / rate),
);
